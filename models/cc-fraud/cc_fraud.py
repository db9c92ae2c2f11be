"""Scores card transactions for fraud: a logistic regression over a handful of features, its weights in weights.json."""
# modelop.schema.0: input_schema.avsc
# modelop.schema.1: output_schema.avsc
import json
import math

WEIGHTS = {}


# modelop.init
def begin():
    with open('weights.json') as file:
        WEIGHTS.update(json.load(file))


# modelop.score
def action(datum):
    probability = score(datum)
    yield {
        'transaction_id': datum['transaction_id'],
        'fraud_probability': probability,
        'is_suspicious': probability >= WEIGHTS['threshold'],
    }


def score(datum):
    """The probability of fraud, rounded to 9 decimals: further ones differ between machines and languages."""
    return round(1.0 / (1.0 + math.exp(-linear(datum))), 9)


def linear(datum):
    numbers = WEIGHTS['numbers']
    total = WEIGHTS['bias']
    for name, value in features(datum).items():
        total += numbers[name] * value
    total += WEIGHTS['merchant_category'].get(datum['merchant_category'], 0.0)
    total += WEIGHTS['entry_mode'].get(datum['entry_mode'], 0.0)
    return total


def features(datum):
    distance = datum['distance_km']
    average = datum['average_amount'] or 1.0
    hour = int(datum['transaction_time'][11:13])
    return {
        'amount': math.log1p(datum['amount']),
        'ratio': math.log1p(datum['amount'] / average),
        'online': 1.0 if datum['is_online'] else 0.0,
        'distance': math.log1p(distance) if distance is not None else 0.0,
        'distance_unknown': 1.0 if distance is None else 0.0,
        'night': 1.0 if hour < 6 else 0.0,
        'hurry': 1.0 / (1.0 + datum['minutes_since_last']),
        'count': datum['transactions_24h'] / 10.0,
        'new_account': 1.0 if datum['account_age_days'] < 90 else 0.0,
    }
