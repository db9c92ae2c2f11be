import json
import logging

import modelop.schema.infer as infer
import modelop.utils as utils
from modelop_sdk.utils import logging as logger_sdk

logger = utils.configure_logger()

# modelop.init
def init(job_json):
    global PARAMS, RULES, ROLES
    job = json.loads(job_json["rawJson"])
    assets = job["additionalAssets"]
    RULES = open("./" + assets[0]["filename"]).read()
    ROLES = [asset["assetRole"] for asset in assets]
    infer.validate_schema(job_json)
    schema = infer.extract_input_schema(job_json)
    PARAMS = infer.set_monitoring_parameters(schema_json=schema, check_schema=True)
    tags = [tag for asset in job["referenceModel"]["storedModel"]["modelAssets"] for tag in asset["metaData"]["tags"]]
    meta = job["referenceModel"]["storedModel"]["modelMetaData"]
    PARAMS["who"] = [meta["name"], meta["modelRisk"], job["referenceModel"]["id"], tags, job["referenceModel"]["associatedModels"]]
    PARAMS["bucket"] = job["jobParameters"].get("BUCKET_COLUMN")

# modelop.metrics
def metrics(df_baseline, df_sample):
    result = {
        "drift": abs(float(df_baseline[PARAMS["score_column"]].mean() - df_sample[PARAMS["score_column"]].mean())),
        "rows": [len(df_baseline), len(df_sample)],
        "numerical": PARAMS["numerical_columns"],
        "protected": PARAMS["protected_classes"],
        "who": PARAMS["who"],
        "bucket": PARAMS["bucket"],
        "rules": "decision" in RULES,
        "roles": ROLES,
    }
    yield utils.merge(result, {"stability": [{"test_name": "drift", "test_id": "drift_1", "values": {"a": result["drift"]}}]})
