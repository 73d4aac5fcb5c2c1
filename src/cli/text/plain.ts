import { stripVTControlCharacters } from 'node:util';

/** Untrusted text in one line, without what controls a terminal or the direction of text. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '');
}
