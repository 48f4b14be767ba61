import type { z } from 'zod';
import { LIMITS } from '../config/limits.ts';
import { GatewayError } from '../schemas/error.ts';
import type { HttpRequest } from './http/http.ts';
import { invalid } from './request-fields.ts';

/** Reads the JSON body of an administrator's post. Throws GatewayError 400 that names the field, 413, 415. */
export async function readAdminBody<Body>(
  request: HttpRequest,
  schema: z.ZodType<Body>,
): Promise<Body> {
  // A page may send a body without a type anywhere; with this one it must ask first, and gets no answer.
  if (request.header('content-type') === undefined) {
    throw new GatewayError('invalid_request_error', 'content-type: must be application/json', {
      status: 415,
    });
  }
  const bytes = await request.body(LIMITS.adminBodyBytesMax);
  const result = schema.safeParse(parseJson(bytes));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw invalid(`${field === '' ? '' : `${field}: `}${issue?.message}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new GatewayError('invalid_request_error', 'The request body is not valid JSON', {
      cause: error,
    });
  }
}
