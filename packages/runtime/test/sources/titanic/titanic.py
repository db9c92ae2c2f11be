import os
import pickle

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

FEATURES = ["Pclass", "Sex", "Age", "Fare", "Embarked", "Ticket"]

# modelop.training
def train(df):
    numbers = Pipeline([("impute", SimpleImputer())])
    words = Pipeline([("impute", SimpleImputer(strategy="most_frequent")), ("hot", OneHotEncoder(handle_unknown="ignore"))])
    pipeline = Pipeline([
        ("features", ColumnTransformer([("n", numbers, ["Pclass", "Age", "Fare"]), ("w", words, ["Sex", "Embarked"])])),
        ("model", LogisticRegression(max_iter=1000)),
    ])
    pipeline.fit(df[FEATURES], df["Survived"])
    with open("outputDir/titanic.pkl", "wb") as f:
        pickle.dump(pipeline, f)
    pickle.dump(FEATURES, open("features.pkl", "wb"))

def begin():
    global pipeline
    if not os.path.exists("titanic.pkl"):
        return print("not trained yet")
    with open("titanic.pkl", "rb") as f:
        pipeline = pickle.load(f)

def action(datum):
    frame = pd.DataFrame([datum])
    out = dict(datum)
    out["prediction"] = pipeline.predict(frame[FEATURES])[0]
    out["proba"] = np.round(pipeline.predict_proba(frame[FEATURES])[0, 1], 3)
    out["sure"] = out["proba"] > 0.8
    yield out

def metrics(df):
    predictions = pipeline.predict(df[FEATURES])
    yield {"accuracy": (predictions == df["Survived"]).mean(), "n": len(df)}
