"""The model of cc-fraud over DataFrames: the same weights and the same scores, thousands of rows at a call."""
# modelop.recordsets.0: true
# modelop.recordsets.1: true
# modelop.schema.0: input_schema.avsc
# modelop.schema.1: output_schema.avsc
import json

import numpy as np

WEIGHTS = {}


# modelop.init
def begin():
    with open('weights.json') as file:
        WEIGHTS.update(json.load(file))


# modelop.score
def action(data):
    # Rounded to 9 decimals: further ones differ between machines, libraries and languages.
    probability = (1.0 / (1.0 + np.exp(-linear(data)))).round(9)
    result = data[['transaction_id']].copy()
    result['fraud_probability'] = probability
    result['is_suspicious'] = probability >= WEIGHTS['threshold']
    yield result


def linear(data):
    total = WEIGHTS['bias'] + sum(WEIGHTS['numbers'][name] * values for name, values in features(data).items())
    for column in ('merchant_category', 'entry_mode'):
        total = total + data[column].map(WEIGHTS[column]).fillna(0.0).astype(float)
    return total


def features(data):
    distance = data['distance_km'].astype(float)
    average = data['average_amount'].replace(0, 1.0).fillna(1.0)
    hour = data['transaction_time'].str[11:13].astype(int)
    return {
        'amount': np.log1p(data['amount']),
        'ratio': np.log1p(data['amount'] / average),
        'online': data['is_online'].astype(float),
        'distance': np.log1p(distance).fillna(0.0),
        'distance_unknown': distance.isna().astype(float),
        'night': (hour < 6).astype(float),
        'hurry': 1.0 / (1.0 + data['minutes_since_last']),
        'count': data['transactions_24h'] / 10.0,
        'new_account': (data['account_age_days'] < 90).astype(float),
    }
