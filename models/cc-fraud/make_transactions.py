#!/usr/bin/env python3
"""Invents card transactions: `make_transactions.py --rows N --seed S > file.csv`.

The same seed and number of rows give the same bytes. Standard library only. Some merchants have commas or quotes in their names, and
about every tenth `distance_km` and every twentieth `customer_age` is blank, as in files that people really send.
"""
import argparse
import csv
import math
import random
import sys

COLUMNS = [
    'transaction_id', 'transaction_time', 'card_id', 'merchant', 'merchant_category', 'city', 'country', 'currency', 'amount',
    'entry_mode', 'is_online', 'distance_km', 'minutes_since_last', 'transactions_24h', 'amount_24h', 'average_amount',
    'customer_age', 'account_age_days',
]
MERCHANTS = [
    'Alder Grocery', 'Baker, Finch & Sons', 'Cobalt Electronics', 'Delta Fuel', 'Elm Street Pharmacy', 'Fern, Garden and Home',
    'Grand Hotel', 'Harbour Jewellers', 'Ivy Books', 'Juniper "Express" Travel', 'Kestrel Gaming', 'Larch Furniture',
]
CATEGORIES = ['grocery', 'grocery', 'electronics', 'fuel', 'pharmacy', 'home', 'travel', 'jewellery', 'books', 'travel', 'gaming', 'home']
PLACES = [
    ('Lisbon', 'PT', 'EUR'), ('Leeds', 'GB', 'GBP'), ('Lyon', 'FR', 'EUR'), ('Ghent', 'BE', 'EUR'), ('Austin', 'US', 'USD'),
    ('Boston', 'US', 'USD'), ('Osaka', 'JP', 'JPY'), ('Lagos', 'NG', 'NGN'), ('Lima', 'PE', 'PEN'), ('Cork', 'IE', 'EUR'),
]
ENTRY_MODES = ['chip', 'chip', 'chip', 'contactless', 'contactless', 'contactless', 'magstripe', 'manual']


def transactions(rows, seed):
    """Rows as lists of values, None where a cell is blank, in the order of COLUMNS."""
    rng = random.Random(seed)
    uniform, integer, gauss = rng.random, rng.randrange, rng.gauss
    clock = 0
    for number in range(1, rows + 1):
        clock += integer(1, 9)
        kind = integer(len(MERCHANTS))
        city, country, currency = PLACES[min(integer(14), 9) if uniform() < 0.35 else integer(4)]
        usual = round(math.exp(gauss(3.4, 0.6)), 2)
        amount = round(usual * math.exp(gauss(0.0, 0.7)) * (6.0 if uniform() < 0.03 else 1.0), 2)
        online = uniform() < 0.3
        count = min(int(-math.log(1.0 - uniform()) * 3.0), 60)
        yield [
            'T%09d' % number,
            timestamp(clock),
            'C%06d' % integer(40000),
            MERCHANTS[kind],
            CATEGORIES[kind],
            city,
            country,
            currency,
            amount,
            'online' if online else ENTRY_MODES[integer(len(ENTRY_MODES))],
            online,
            None if uniform() < 0.1 else round(math.exp(gauss(1.8, 1.5)), 1),
            integer(1, 5000),
            count,
            round(count * usual * (0.5 + uniform()), 2),
            usual,
            None if uniform() < 0.05 else integer(18, 92),
            integer(1, 6000),
        ]


def timestamp(seconds):
    day, rest = divmod(seconds, 86400)
    return '2026-%02d-%02dT%02d:%02d:%02dZ' % (day // 28 % 12 + 1, day % 28 + 1, rest // 3600, rest // 60 % 60, rest % 60)


def as_cells(row):
    return ['true' if value is True else 'false' if value is False else value for value in row]


def main():
    parser = argparse.ArgumentParser(description='Invents card transactions as CSV on standard output.')
    parser.add_argument('--rows', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=1)
    wish = parser.parse_args()
    writer = csv.writer(sys.stdout, lineterminator='\n')
    writer.writerow(COLUMNS)
    writer.writerows(map(as_cells, transactions(wish.rows, wish.seed)))


if __name__ == '__main__':
    main()
