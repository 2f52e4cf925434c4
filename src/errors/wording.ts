/** What several messages say in the same way. */

export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function known(what: string, names: readonly string[]): string {
  return names.length === 0
    ? `It knows no ${what} at all.`
    : `Known ${what}: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.`;
}

/** What ends a run that nobody can go on with, to be typed as it stands. */
export function abandonLine(run: string): string {
  return `await box.run('${run.replace(/['\\]/g, '\\$&')}').abandon({ reason: '…' })`;
}
