/** The pictures in the docs are what is drawn today (P116), and the page shows each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pictureOnDisk, pictures } from '../../scripts/pictures.ts';
import { ROOT } from '../helpers/sources.ts';

test('docs/pictures is drawn as the code draws now; `npm run pictures` draws it again (P116)', async () => {
  const drawn = await pictures();
  const page = readFileSync(join(ROOT, 'docs/seeing.md'), 'utf8');
  for (const [file, svg] of Object.entries(drawn)) {
    expect(pictureOnDisk(file)).toBe(svg);
    expect(page).toContain(`](pictures/${file})`);
  }
});
