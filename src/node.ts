/** Which Node the package needs. On an older one, importing it fails with one sentence, and not with whatever is missing first. */
import { NodeTooOld } from './errors/index.ts';

/** The floor of `engines` in the manifest. */
const [MAJOR, MINOR] = [22, 13] as const;

/** Does nothing in a browser, which has no version of Node. */
export function checkNode(version: string | undefined = globalThis.process?.versions?.node): void {
  if (version === undefined) return;
  const [major, minor] = version.split('.').map(Number) as [number, number];
  if (major < MAJOR || (major === MAJOR && minor < MINOR)) {
    throw new NodeTooOld({ needed: `${MAJOR}.${MINOR}`, found: version });
  }
}
