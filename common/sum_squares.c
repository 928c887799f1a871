// See sum_squares.h.
#include "common/sum_squares.h"

// It stands for CPU work, so the loop is really run: the empty asm makes every step depend on a
// value that the compiler does not know, or it would put n(n-1)(2n-1)/6 in place of the loop.
unsigned __int128
sum_squares(unsigned long long from, unsigned long long to, unsigned __int128 sum)
{
    for (unsigned long long i = from; i < to; i++) {
        unsigned long long factor = i;

        __asm__ volatile("" : "+r"(factor));
        sum += (unsigned __int128)factor * factor;
    }
    return sum;
}

size_t
format_u128(unsigned __int128 value, char *text)
{
    char reversed[40];
    size_t length = 0;

    do {
        reversed[length++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    for (size_t i = 0; i < length; i++)
        text[i] = reversed[length - 1 - i];
    return length;
}
