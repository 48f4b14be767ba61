/** One event as it came. */
export interface StreamEvent {
  /** null = the event had no name. */
  readonly event: string | null;
  readonly data: string;
}

/** Splits a stream into events by the rules of server-sent events; comments, ids and retry times are dropped. */
export function parseEventStream(bytes: Uint8Array | string): StreamEvent[] {
  const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8').decode(bytes);
  const events: StreamEvent[] = [];
  let name: string | null = null;
  let data: string[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const line of lines) {
    if (line === '') {
      if (data.length > 0) events.push({ event: name, data: data.join('\n') });
      name = null;
      data = [];
    } else if (!line.startsWith(':')) {
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
      else if (field !== 'id' && field !== 'retry') {
        throw new Error(`the line "${line}" is no field of an event`);
      }
    }
  }
  return events;
}
