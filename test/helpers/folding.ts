/** What is another each time, as it stands in texts that are compared: ids of chance are called by their turn, and times count from a beginning. */

/** As a replacer of `JSON.stringify`: times count from `start`, and ids of chance are numbered in the order in which they are first said. */
export function folding(start: number): (name: string, value: unknown) => unknown {
  const names = new Map<string, string>();
  return (_, value) => {
    if (typeof value === 'number' && value >= start && value < start + 1e12) return `+${value - start}`;
    if (typeof value !== 'string') return value;
    // What chance made: 21 letters, digits, - and _, by themselves; and what follows from that: 20 or 24 digits behind a mark, or 64.
    return value.replaceAll(
      /(?<![\w-])[\w-]{21}(?![\w-])|(?<=[.~])[0-9a-f]{20}(?:[0-9a-f]{4})?(?![\w-])|(?<![\w-])[0-9a-f]{64}(?![\w-])/g,
      (id) => {
        if (!/\d|[A-Z].*[a-z]/.test(id)) return id;
        if (!names.has(id)) names.set(id, `<id ${names.size + 1}>`);
        return names.get(id) as string;
      },
    );
  };
}

/** The same for a text. */
export function foldingText(start: number): (text: string) => string {
  const fold = folding(start);
  return (text) =>
    (fold('', text) as string).replaceAll(/\b1[78]\d{11}\b/g, (time) =>
      Number(time) >= start ? `+${Number(time) - start}` : time,
    );
}
