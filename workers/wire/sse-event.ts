/** One server-sent event. */
export interface SseEvent {
  /** The `event` field; null when there was none. */
  readonly name: string | null;
  /** The `data` lines, joined with line feeds; empty when there were none. */
  readonly data: string;
}

/**
 * Parses one event's text. Comments and other fields are ignored, a trailing blank line too.
 * Source: WHATWG HTML, server-sent events, "interpreting an event stream".
 */
export function parseSseEvent(text: string): SseEvent {
  let name: string | null = null;
  const data: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field === 'data') data.push(fieldValue(line, colon));
    else if (field === 'event') name = fieldValue(line, colon);
  }
  return { name, data: data.join('\n') };
}

/** One event in Anthropic's framing; `data` must be JSON without raw line feeds. */
export function formatSseEvent(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

function fieldValue(line: string, colon: number): string {
  if (colon === -1) return '';
  return line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
}
