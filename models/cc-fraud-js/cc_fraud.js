// Scores card transactions for fraud: the logistic regression of ../cc-fraud in JavaScript, with the same weights and the same scores.
// modelop.schema.0: input_schema.avsc
// modelop.schema.1: output_schema.avsc
import { readFileSync } from 'node:fs'

let weights

// modelop.init
export function begin() {
  weights = JSON.parse(readFileSync('weights.json', 'utf8'))
}

// modelop.score
export function action(datum) {
  const probability = score(datum)
  return {
    transaction_id: datum.transaction_id,
    fraud_probability: probability,
    is_suspicious: probability >= weights.threshold,
  }
}

/** The probability of fraud, rounded to 9 decimals: further ones differ between machines and languages. */
function score(datum) {
  return Math.round(1e9 / (1 + Math.exp(-linear(datum)))) / 1e9
}

/** JavaScript would go on with a missing number as with 0: such a transaction has no score. */
function needed(value, name) {
  if (typeof value === 'number') return value
  throw new TypeError(`${name} is ${value === undefined ? 'not there' : `no number: ${JSON.stringify(value)}`}`)
}

/** Added up in the order of the Python model, so that the last digits are the same. */
function linear(datum) {
  const { distance_km: distance = null } = datum
  const amount = needed(datum.amount, 'amount')
  const average = datum.average_amount || 1
  const isNight = datum.transaction_time.slice(11, 13) < '06'
  const { numbers } = weights
  let total = weights.bias
  total += numbers.amount * Math.log1p(amount)
  total += numbers.ratio * Math.log1p(amount / average)
  total += numbers.online * (datum.is_online ? 1 : 0)
  total += numbers.distance * (distance === null ? 0 : Math.log1p(distance))
  total += numbers.distance_unknown * (distance === null ? 1 : 0)
  total += numbers.night * (isNight ? 1 : 0)
  total += numbers.hurry * (1 / (1 + needed(datum.minutes_since_last, 'minutes_since_last')))
  total += numbers.count * (needed(datum.transactions_24h, 'transactions_24h') / 10)
  total += numbers.new_account * (needed(datum.account_age_days, 'account_age_days') < 90 ? 1 : 0)
  total += weights.merchant_category[datum.merchant_category] ?? 0
  total += weights.entry_mode[datum.entry_mode] ?? 0
  return total
}
