// The same tests on the scanner as it is built where there is no SSE2. It is compiled into this
// test itself, so that the one in the library is not linked.
#define SCANNER_PORTABLE
#include "common/scanner.c"
#include "test_scanner.c"
