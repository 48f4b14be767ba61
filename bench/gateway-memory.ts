/** What a gateway says of its memory. Bytes; `external` = buffers, those included that were not collected yet. */
export async function gatewayMemory(origin: string): Promise<{ heap: number; external: number }> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^nodejs_${name}_bytes (\\S+)$`, 'm').exec(text)?.[1]);
  return { heap: bytesOf('heap_size_used'), external: bytesOf('external_memory') };
}
