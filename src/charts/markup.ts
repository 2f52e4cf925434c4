/** Text in SVG: escaped, without what XML cannot hold, and no longer than there is room for. */

import { patternOf } from '../text.ts';

const ENTITIES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const unsayable = /* @__PURE__ */ patternOf('[\\p{Cc}\\u{fffe}\\u{ffff}]', 'gu');

/** As text or an attribute, whatever it is. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(unsayable(), ' ')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** As much of a text as fits into so many pixels, in letters of this size. */
export function fitted(text: string, width: number, size: number): string {
  let room = width / size;
  let fits = '';
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0.5 && fits.length + character.length < text.length) return `${fits.trimEnd()}…`;
    fits += character;
  }
  return fits;
}

/** How wide a text is, about, in pixels. */
export function widthIn(text: string, size: number): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width * size;
}

const NARROW = /[ilj.,:;'|!()[\] tfr]/;
const BROAD = /[mwMW@%]/;

/** In parts of the size of letters. A font that a page does not have is replaced by another, so this is an estimate. */
function widthOf(character: string): number {
  const code = character.codePointAt(0) as number;
  if (code > 0x2e7f) return 1.05;
  if (NARROW.test(character)) return 0.34;
  if (BROAD.test(character)) return 0.88;
  return code >= 65 && code <= 90 ? 0.68 : 0.56;
}
