/** Formats as bpf_trace_printk does: %d %i %u %x %X %p %c %%, with l, ll, z, t lengths, zero padding and width. */
const DIRECTIVE = /%(%|(0?)(\d*)(ll|l|hh|h|z|t)?([diuxXpc]))/g;

/** Arguments are 64 bits wide; a directive without l, z or t sees the low 32. */
export function formatTrace(format: string, values: readonly bigint[]): string {
  let next = 0;
  return format.replace(
    DIRECTIVE,
    (whole, _body, zero: string, width: string, length: string | undefined, kind: string) => {
      if (whole === "%%") return "%";
      const value = values[next++] ?? 0n;
      const bits = kind === "p" || length === "l" || length === "ll" || length === "z" || length === "t" ? 64 : 32;
      return show(kind, bits, value).padStart(Number(width || 0), zero === "0" ? "0" : " ");
    },
  );
}

function show(kind: string, bits: number, value: bigint): string {
  const unsigned = BigInt.asUintN(bits, value);
  switch (kind) {
    case "d":
    case "i":
      return BigInt.asIntN(bits, value).toString();
    case "x":
      return unsigned.toString(16);
    case "X":
      return unsigned.toString(16).toUpperCase();
    case "p":
      return `0x${unsigned.toString(16).padStart(16, "0")}`;
    case "c":
      return String.fromCharCode(Number(unsigned & 0xffn));
    default:
      return unsigned.toString();
  }
}
