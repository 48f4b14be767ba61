import { createHmac } from 'node:crypto';

const MS_PER_SECOND = 1_000;

/**
 * The value of `x-gateway-signature`: `t=<Unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of `<t>.<body>` under the
 * secret. Whoever receives it computes the same and refuses what is old.
 */
export function webhookSignature(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / MS_PER_SECOND);
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
