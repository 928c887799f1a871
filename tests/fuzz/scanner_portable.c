// The scanner as it is built where there is no SSE2, for a fuzz target of its own.
#define SCANNER_PORTABLE
#include "common/scanner.c"
