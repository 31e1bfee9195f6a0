/* The same for frames of up to 512 bytes: operations of the flow table before packets. */
#define FRAME_WORDS 64
#include "wrapper.c"
