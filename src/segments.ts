/** Paths of places are segments with a "/" between them; that of a run is empty. In patterns `*` stands for any one, `**` for any number, also none. */

/** What a place stands in: its track or step, or the run. */
export function pathAbove(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Does the pattern stand for all of the path? In at most as many steps as the product of both lengths. */
export function fitsSegments(pattern: readonly string[], path: readonly string[]): boolean {
  let [at, star, resume] = [0, -1, 0];
  for (let here = 0; here < path.length; ) {
    const wanted = pattern[at];
    if (wanted === '**') {
      [star, resume] = [at, here];
      at += 1;
    } else if (wanted !== undefined && (wanted === '*' || wanted === path[here])) {
      at += 1;
      here += 1;
    } else if (star >= 0) {
      // What the last `**` stands for is one segment longer.
      resume += 1;
      [at, here] = [star + 1, resume];
    } else return false;
  }
  while (pattern[at] === '**') at += 1;
  return at === pattern.length;
}
