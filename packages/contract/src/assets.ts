import { z } from 'zod'

/** Embedded content may have this many bytes when decoded; more goes to the content store or an external URL. */
export const embeddedBytesMax = 10 * 1024 * 1024

/** A member that old documents leave out or carry as null: both mean the fallback. */
export function orElse<S extends z.ZodType>(schema: S, fallback: NonNullable<z.output<S>>) {
  return schema.nullish().transform((value) => value ?? fallback)
}

const AssetMetaData = z.looseObject({
  custom: orElse(z.record(z.string(), z.unknown()), {}),
  tags: orElse(z.array(z.string()), []),
  description: z.string().nullish(),
})

/**
 * One shape for model, job and requirement assets; which members are meaningful depends on `assetType`.
 * Unknown members are kept: public clients send more than we read.
 */
export const Asset = z.looseObject({
  assetId: z.string().nullish(),
  name: z.string().nullish(),
  assetType: orElse(z.string(), 'FILE'),
  assetRole: orElse(z.string(), 'UNKNOWN'),
  metaData: orElse(AssetMetaData, { custom: {}, tags: [] }),
  repositoryInfo: z.looseObject({}).nullish(),
  contentHash: z.looseObject({ hashType: z.literal('SHA-256').default('SHA-256'), hexString: z.string() }).nullish(),
  createdDate: z.string().nullish(),
  // SOURCE_CODE
  primaryModelSource: z.boolean().nullish(),
  sourceCode: z.string().nullish(),
  sourceCodeFilePath: z.string().nullish(),
  sourceCodeType: z.string().nullish(),
  initFunction: z.string().nullish(),
  scoreFunction: z.string().nullish(),
  metricsFunction: z.string().nullish(),
  trainFunction: z.string().nullish(),
  // FILE: base64 in fileContent, or text in fileContentString; managed content has neither but a contentHash
  filename: z.string().nullish(),
  fileFormat: z.string().nullish(),
  fileSize: z.number().nullish(),
  fileContent: z.string().nullish(),
  fileContentString: z.string().nullish(),
  // EXTERNAL_FILE
  fileUrl: z.string().nullish(),
})
export type Asset = z.infer<typeof Asset>
/** What a client may send: everything optional. */
export type AssetInput = z.input<typeof Asset>

/** Members that carry content; left out of lists. */
export const contentMembers = ['fileContent', 'fileContentString', 'sourceCode'] as const

export const RequiredAsset = z.looseObject({
  usage: orElse(z.string(), 'INPUT_ASSET'),
  name: z.string().nullish(),
  filename: z.string().nullish(),
  assetType: z.string().nullish(),
  assetRole: z.string().nullish(),
  metaData: z.looseObject({ description: z.string().nullish() }).nullish(),
})
export type RequiredAsset = z.infer<typeof RequiredAsset>
