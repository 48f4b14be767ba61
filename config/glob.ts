/**
 * Whether a text matches a pattern in which `*` stands for any run of characters and `?` for one; case does not count.
 *
 * Takes time in proportion to the product of the lengths, never more.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = text.toLowerCase();
  let at = 0;
  let position = 0;
  let star = -1;
  let resumeAt = 0;
  while (position < given.length) {
    if (wanted[at] === '*') {
      star = at;
      at += 1;
      resumeAt = position;
    } else if (wanted[at] === '?' || wanted[at] === given[position]) {
      at += 1;
      position += 1;
    } else if (star !== -1) {
      // The last star takes one character more.
      at = star + 1;
      resumeAt += 1;
      position = resumeAt;
    } else return false;
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}
