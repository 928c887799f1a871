// The small files by which the kernel is told and asked (cgroupfs): one write, or one read of all
// there is. Nothing of it touches a disk, so the loop may do it. Names are relative to a directory.
#ifndef OFFLOAD_POOL_CONTROL_FILE_H
#define OFFLOAD_POOL_CONTROL_FILE_H

#include <stddef.h>
#include <stdint.h>

// 0 or a negative errno.
int control_write(int directory, const char *name, const char *text);

// The whole file as a string. 0 or a negative errno; -EFBIG if it does not fit.
int control_read(int directory, const char *name, char *text, size_t size);

// The file is one whole number. 0 or a negative errno; -EBADMSG if it is anything else.
int control_read_number(int directory, const char *name, uint64_t *ret);

// The number behind KEY in a file of lines "KEY NUMBER". 0 or a negative errno; -EBADMSG if there
// is no such line, or no number in it.
int control_read_entry(int directory, const char *name, const char *key, uint64_t *ret);

#endif
