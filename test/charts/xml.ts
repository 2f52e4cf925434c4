/** Whether a text is well-formed XML of the plain sort that drawings are made of, without a parser. */

/** Faults of XML: what is open and not closed, what is closed and not open, signs that are none. */
export function faultsOfXml(text: string): string[] {
  const open: string[] = [];
  const faults: string[] = [];
  const tag = /<(\/?)([a-z]+)((?:\s+[a-z:A-Z-]+="[^"<]*")*)\s*(\/?)>/g;
  const rest = text.replace(tag, (_, closing, name, __, empty) => {
    if (closing === '/' && open.pop() !== name) faults.push(`</${name}>`);
    if (closing === '' && empty === '') open.push(name);
    return '';
  });
  const stray = rest.replace(/&(?:amp|lt|gt|quot|#39);/g, '').match(/[<&]/);
  return [...faults, ...open, ...(stray === null ? [] : [`stray ${rest.slice(stray.index, (stray.index ?? 0) + 40)}`])];
}
