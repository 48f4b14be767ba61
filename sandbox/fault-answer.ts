import type { Call, Dialect, WholeAnswer } from './dialect.ts';
import type { Fault } from './fault.ts';

/** Share of a JSON body that is left when a fault cuts it. */
const CUT_SHARE = 0.6;

/** The answer that a fault gives in place of everything else; null when it works inside the real answer. */
export function faultAnswer(
  fault: Fault,
  { dialect, call, requestId }: { dialect: Dialect; call: Call; requestId: string },
): WholeAnswer | null {
  const error = (failure: Parameters<Dialect['errorAnswer']>[0]): WholeAnswer =>
    dialect.errorAnswer(failure, { requestId, call });
  switch (fault.kind) {
    case 'status': {
      const { status, retryAfterSeconds, message, shape } = fault;
      return error({
        status,
        retryAfterSeconds,
        ...(message === undefined ? {} : { message }),
        ...(shape === undefined ? {} : { shape }),
      });
    }
    case 'redirect':
      return { status: fault.status, headers: [['location', fault.location]], body: '' };
    case 'echo-credential': {
      const credential = call.header('x-api-key') ?? call.header('authorization') ?? '';
      return error({ status: 400, message: `The credential ${credential} may not use this model` });
    }
    case 'wrong-body':
      return wrongBody(fault.body);
    default:
      return null;
  }
}

/** Plays on a message that is not streamed what is left of a fault that belongs to streams. */
export function damageMessage(
  body: string,
  fault: Fault | null,
  dialect: Pick<Dialect, 'innerError'>,
): string {
  switch (fault?.kind) {
    case 'invalid-json':
      return body.slice(0, Math.ceil(body.length * CUT_SHARE));
    case 'huge-event':
      return body + ' '.repeat(fault.bytes);
    case 'error-event':
      return dialect.innerError(fault);
    default:
      return body;
  }
}

function wrongBody(body: string): WholeAnswer | null {
  const page = '<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>\n';
  if (body === 'html') {
    return { status: 200, headers: [['content-type', 'text/html; charset=utf-8']], body: page };
  }
  if (body !== 'empty') return null;
  const headers = [['content-type', 'text/event-stream; charset=utf-8']] as const;
  return { status: 200, headers, body: '' };
}
