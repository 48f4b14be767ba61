const OPEN = '<system-reminder>';
const CLOSE = '</system-reminder>';

/** A text without the reminders that Claude Code adds to the user's: they are not echoed and hold no directives. */
export function withoutReminders(text: string): string {
  let rest = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf(OPEN, at);
    const close = open === -1 ? -1 : text.indexOf(CLOSE, open);
    if (close === -1) break;
    rest += text.slice(at, open);
    at = close + CLOSE.length;
  }
  return (rest + text.slice(at)).trim();
}
