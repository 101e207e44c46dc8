/** A record by an id that somebody gave us: every object also has things like `constructor` that are no records. */
export function own<T>(records: Readonly<Record<string, T>>, id: string | undefined): T | undefined {
  return id !== undefined && Object.hasOwn(records, id) ? records[id] : undefined;
}
