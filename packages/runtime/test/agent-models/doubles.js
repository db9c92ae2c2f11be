// modelop.score
export function score(datum) {
  return { id: datum.id, double: datum.amount * 2 }
}
