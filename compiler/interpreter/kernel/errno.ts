/** Errors that helpers and map operations give, negated, as in the kernel (asm-generic/errno.h). */
export const ENOENT = 2;
export const E2BIG = 7;
export const EAGAIN = 11;
export const EFAULT = 14;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EOVERFLOW = 75;
export const EOPNOTSUPP = 95;
