/** Remembers what a pure function gave, by what it depends on. */
export type Memory<Value> = (scope: object, key: string, make: () => Value) => Value;

/**
 * Creates a memory of at most `entriesMax` values per scope; a full one begins again. A scope is an immutable object, e.g.
 * a configuration: its values go with it.
 */
export function createMemory<Value>(entriesMax: number): Memory<Value> {
  const scopes = new WeakMap<object, Map<string, Value>>();
  return (scope, key, make) => {
    let known = scopes.get(scope);
    if (known === undefined) {
      known = new Map();
      scopes.set(scope, known);
    }
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = make();
    if (known.size >= entriesMax) known.clear();
    known.set(key, value);
    return value;
  };
}
