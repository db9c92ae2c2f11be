import { describe, expect, it } from 'vitest'
import { explainNotDeployed, type SeenDeployment } from './explain-not-deployed.ts'

const deployment = (tag: string, stage: string, state = 'DEPLOYED'): SeenDeployment => ({
  serviceTags: [tag],
  stage,
  state,
  snapshotId: `id-${tag}`,
  snapshotName: `${tag}_v1`,
})

const cases: { says: string; seen: SeenDeployment[]; snapshots?: string[]; message: RegExp; mend: RegExp }[] = [
  {
    says: 'is told when nothing is deployed and no snapshot has the tag',
    seen: [],
    message: /nothing is deployed at all\. No snapshot carries the tag 'cc-fraud'/,
    mend: /^moc snapshot create <model> --tag cc-fraud && moc deployment create <snapshot id> --stage PROD$/,
  },
  {
    says: 'names the snapshot that was never deployed',
    seen: [deployment('churn', 'PROD')],
    snapshots: ['cc-fraud'],
    message: /deployed are 'churn' to PROD\. The snapshot 'cc-fraud_v1' carries the tag/,
    mend: /^moc deployment create id-cc-fraud --stage PROD$/,
  },
  {
    says: 'names the stages where the tag is deployed',
    seen: [deployment('cc-fraud', 'DEV'), deployment('cc-fraud', 'SIT')],
    message: /'cc-fraud' is deployed to DEV, SIT, not to PROD/,
    mend: /^moc deployment create id-cc-fraud --stage PROD$/,
  },
  {
    says: 'sees a stage in another case',
    seen: [deployment('cc-fraud', 'prod')],
    message: /Nearly right: TAG 'cc-fraud' is deployed to MODEL_STAGE 'prod' \(tags are compared exactly/,
    mend: /^trigger with MODEL_STAGE 'prod'$/,
  },
  {
    says: 'sees a tag in another case',
    seen: [deployment('CC-Fraud', 'PROD')],
    message: /Nearly right: TAG 'CC-Fraud'/,
    mend: /^trigger with TAG 'CC-Fraud'$/,
  },
  {
    says: 'sees a misspelt tag',
    seen: [deployment('cc-fruad', 'PROD')],
    message: /a slip of the pen/,
    mend: /cc-fruad/,
  },
  {
    says: 'sees tag and stage both in another case',
    seen: [deployment('CC-FRAUD', 'prod')],
    message: /Nearly right/,
    mend: /^trigger with TAG 'CC-FRAUD' and MODEL_STAGE 'prod'$/,
  },
  {
    says: 'says that it was undeployed',
    seen: [deployment('cc-fraud', 'PROD', 'UNDEPLOYED')],
    message: /'cc-fraud_v1' was deployed there and is UNDEPLOYED now/,
    mend: /^moc deployment create id-cc-fraud --stage PROD$/,
  },
]

describe('a model that is not deployed', () => {
  for (const { says, seen, snapshots = [], message, mend } of cases) {
    it(says, () => {
      const list = snapshots.map((tag) => ({ id: `id-${tag}`, name: `${tag}_v1`, serviceTags: [tag] }))
      const explained = explainNotDeployed('cc-fraud', 'PROD', seen, list)
      expect(explained.message).toMatch(/^No model is deployed as batch for TAG 'cc-fraud' and MODEL_STAGE 'PROD': /)
      expect(explained.message).toMatch(message)
      expect(explained.data.mend).toMatch(mend)
      expect(explained.message).toContain(explained.data.mend)
    })
  }
})
