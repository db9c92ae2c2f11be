import { InputError } from '@rowhouse/contract'

/** Entries of an index have an end, and names are looked up by one. */
const nameCharsMax = 500

/** A model is found by its name: it must have one. */
export function checkName(name: string | null | undefined, field: string): void {
  if (!name?.trim())
    throw new InputError('InvalidField', `'${field}' is missing: a model is found by its name`, { field })
  checkNameLength(name, field)
}

export function checkNameLength(name: string, field: string): void {
  if (name.length <= nameCharsMax) return
  throw new InputError('InvalidField', `'${field}' has ${name.length} characters: a name has at most ${nameCharsMax}`, {
    field,
  })
}
