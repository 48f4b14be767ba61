import { GatewayError } from '../../schemas/error.ts';

/** Which call of which model. */
export interface VertexCall {
  readonly project: string;
  readonly region: string;
  readonly publisher: 'anthropic' | 'google';
  /** Model and method: `claude-opus-5-5:rawPredict`. */
  readonly call: string;
}

/** The path of a call, every part percent-encoded. Throws GatewayError for parts that would leave their place. */
export function vertexPath({ project, region, publisher, call }: VertexCall): string {
  const colon = call.lastIndexOf(':');
  const model = segment(call.slice(0, colon));
  const method = call.slice(colon + 1);
  return (
    `/v1/projects/${segment(project)}/locations/${segment(region)}` +
    `/publishers/${publisher}/models/${model}:${method}`
  );
}

function segment(text: string): string {
  if (text === '' || text === '.' || text === '..' || text.includes(';')) {
    throw new GatewayError('not_found_error', `model: ${text}`);
  }
  return encodeURIComponent(text).replaceAll('%40', '@').replaceAll('%3A', ':');
}
