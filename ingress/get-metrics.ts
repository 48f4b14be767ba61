import type { Call } from './routes.ts';

/** `GET /metrics`: Prometheus text of this process. */
export async function getMetrics({ context, reply, requestId }: Call): Promise<void> {
  const { metrics } = context;
  const text = await metrics.render();
  reply.send(
    200,
    [
      ['content-type', metrics.contentType],
      ['request-id', requestId],
    ],
    text,
  );
}
