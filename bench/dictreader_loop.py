"""What people write by hand: csv.DictReader, the model's own function for each row, csv.DictWriter. `dictreader_loop.py MODEL_FOLDER IN OUT`."""
import csv
import os
import sys

folder, source, target = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3])
os.chdir(folder)
sys.path.insert(0, folder)
import cc_fraud  # noqa: E402

NUMBERS = ['amount', 'distance_km', 'minutes_since_last', 'transactions_24h', 'amount_24h', 'average_amount', 'customer_age', 'account_age_days']
cc_fraud.begin()
with open(source, newline='', encoding='utf-8') as rows, open(target, 'w', newline='', encoding='utf-8') as out:
    writer = csv.DictWriter(out, ['transaction_id', 'fraud_probability', 'is_suspicious'], lineterminator='\n')
    writer.writeheader()
    for row in csv.DictReader(rows):
        for name in NUMBERS:
            row[name] = float(row[name]) if row[name] else None
        row['is_online'] = row['is_online'] == 'true'
        for score in cc_fraud.action(row):
            score['is_suspicious'] = 'true' if score['is_suspicious'] else 'false'
            writer.writerow(score)
