#!/usr/bin/env python3
"""Makes weights.json: invents transactions, draws which of them were fraud, and fits a logistic regression by gradient descent.

Standard library only; the same seed gives the same weights. `python3 train.py` takes a few seconds.
"""
import argparse
import json
import math
import os
import random

import cc_fraud
from make_transactions import CATEGORIES, COLUMNS, ENTRY_MODES, transactions

HERE = os.path.dirname(os.path.abspath(__file__))
NUMBERS = ['amount', 'ratio', 'online', 'distance', 'distance_unknown', 'night', 'hurry', 'count', 'new_account']
# What makes a transaction fraud in this invented world. The fit has to find it from the drawn labels alone.
TRUTH = {'amount': 0.25, 'ratio': 1.6, 'online': 0.5, 'distance': 0.45, 'distance_unknown': 0.6, 'night': 0.7, 'hurry': 1.5, 'count': 0.8, 'new_account': 0.9}
TRUTH_CATEGORY = {'jewellery': 1.1, 'electronics': 0.8, 'gaming': 0.9, 'travel': 0.4, 'grocery': -0.7}
TRUTH_ENTRY = {'magstripe': 0.9, 'manual': 1.2, 'chip': -0.8, 'contactless': -0.3}
TRUTH_BIAS = -7.5


def sample(rows, seed):
    """(feature values, category, entry mode, 1 for fraud)"""
    rng = random.Random(seed + 1)
    for row in transactions(rows, seed):
        datum = dict(zip(COLUMNS, row))
        values = cc_fraud.features(datum)
        total = TRUTH_BIAS + sum(TRUTH[name] * values[name] for name in NUMBERS)
        total += TRUTH_CATEGORY.get(datum['merchant_category'], 0.0) + TRUTH_ENTRY.get(datum['entry_mode'], 0.0)
        fraud = 1.0 if rng.random() < sigmoid(total) else 0.0
        yield [values[name] for name in NUMBERS], datum['merchant_category'], datum['entry_mode'], fraud


def sigmoid(total):
    return 1.0 / (1.0 + math.exp(-total))


def fit(data, epochs):
    bias = 0.0
    numbers = [0.0] * len(NUMBERS)
    category = dict.fromkeys(sorted(set(CATEGORIES)), 0.0)
    entry = dict.fromkeys(sorted(set(ENTRY_MODES + ['online'])), 0.0)
    for epoch in range(epochs):
        rate = 0.05 / (1.0 + epoch)
        for values, kind, mode, fraud in data:
            total = bias + category[kind] + entry[mode]
            for weight, value in zip(numbers, values):
                total += weight * value
            step = rate * (fraud - sigmoid(total))
            bias += step
            category[kind] += step
            entry[mode] += step
            for index, value in enumerate(values):
                numbers[index] += step * value
    return bias, numbers, category, entry


def main():
    parser = argparse.ArgumentParser(description='Fits weights.json.')
    parser.add_argument('--rows', type=int, default=40000)
    parser.add_argument('--seed', type=int, default=20260101)
    parser.add_argument('--epochs', type=int, default=12)
    wish = parser.parse_args()
    data = list(sample(wish.rows, wish.seed))
    bias, numbers, category, entry = fit(data, wish.epochs)
    weights = {
        'bias': round(bias, 6),
        'threshold': 0.5,
        'numbers': {name: round(weight, 6) for name, weight in zip(NUMBERS, numbers)},
        'merchant_category': {name: round(weight, 6) for name, weight in category.items()},
        'entry_mode': {name: round(weight, 6) for name, weight in entry.items()},
    }
    with open(os.path.join(HERE, 'weights.json'), 'w') as file:
        json.dump(weights, file, indent=2)
        file.write('\n')
    frauds = sum(fraud for *_, fraud in data)
    print('%d transactions, %d of them fraud (%.2f %%)' % (len(data), frauds, 100 * frauds / len(data)))


if __name__ == '__main__':
    main()
