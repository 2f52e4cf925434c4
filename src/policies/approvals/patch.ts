/** Merge patches (RFC 7396): what an edit says of what was proposed. `null` takes a key away; whatever is no object replaces what is there. */
import type { Json, JsonObject } from '../../json.ts';

export function patched(target: Json, patch: Json): Json {
  if (!isRecord(patch)) return patch;
  const made = new Map(isRecord(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) made.delete(key);
    else made.set(key, patched(made.get(key) ?? null, value));
  }
  // `fromEntries` defines its properties, so that a key called `__proto__` is a key.
  return Object.freeze(Object.fromEntries(made));
}

function isRecord(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
