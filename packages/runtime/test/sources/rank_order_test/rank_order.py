import pandas as pd

# modelop.metrics
def metrics(df):
    df["bucket"] = pd.qcut(df["score"], 2, labels=False)
    table = df.groupby("bucket")["label"].mean()
    return {"rank_order": table.to_dict(), "ok": bool(table[1] > table[0]), "max": df.score.max(), "n": df.label.sum(), 7: "seven"}
