/** What a program reads and writes, in regions that know their bounds: an address is a region's number and a place in it. */
const PLACE_BITS = 32n;
const PLACE = (1n << PLACE_BITS) - 1n;

export class Memory {
  readonly #regions: Uint8Array[] = [];

  /** The address of its first byte. */
  add(bytes: Uint8Array): bigint {
    return BigInt(this.#regions.push(bytes)) << PLACE_BITS;
  }

  /** @throws RangeError beyond a region, which the verifier has ruled out: the machine is wrong then. */
  bytes(address: bigint, length: number): Uint8Array {
    const region = this.#regions[Number(address >> PLACE_BITS) - 1];
    const at = Number(address & PLACE);
    if (region === undefined || at + length > region.length)
      throw new RangeError(`No ${length} bytes stand at ${address.toString(16)}.`);
    return region.subarray(at, at + length);
  }

  read(address: bigint, length: number): bigint {
    let value = 0n;
    for (const byte of this.bytes(address, length).toReversed()) value = (value << 8n) | BigInt(byte);
    return value;
  }

  write(address: bigint, length: number, value: bigint): void {
    const bytes = this.bytes(address, length);
    for (let at = 0; at < length; at++) bytes[at] = Number((value >> BigInt(at * 8)) & 0xffn);
  }
}
