import os
import sys
import logging

logging.basicConfig()
logger = logging.getLogger(__name__)

print("at import")

# modelop.init
def conditional_begin(init_param):
    print("begin:", sorted(init_param.keys()))

# modelop.score
def score_it(data):
    print("score:", data)
    logger.warning("careful")
    yield data

# modelop.metrics
def metrics_one(df_1):
    print("metrics_one", df_1.shape)
    yield {"frames": 1}

def metrics_two(df_1, df_2):
    print("metrics_two", df_1.shape, df_2.shape)
    yield {"frames": 2, "first": list(df_1.columns), "second": list(df_2.columns)}

def metrics_three(df_1, df_2, df_3):
    yield {"frames": 3, "rows": [len(df_1), len(df_2), len(df_3)]}

# modelop.train
def train_one(df):
    with open("outputDir/trained.txt", "w") as f:
        f.write("rows: %d\n" % len(df))
    os.makedirs("outputDir/deep/er")
    open("outputDir/deep/er/empty.bin", "w").close()
    print("trained")
