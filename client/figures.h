// Figures as tables show them: a few characters each, with the unit. What is not known is negative,
// and shown as "-".
#ifndef OFFLOAD_CLIENT_FIGURES_H
#define OFFLOAD_CLIENT_FIGURES_H

#define FIGURE_MAX     48 // they are much shorter
#define FIGURE_UNKNOWN (-1.0)

void figure_time(double seconds, char into[FIGURE_MAX]);  // 17us 1.2ms 9.5s 12m05s 3h20m 5d12h
void figure_bytes(double bytes, char into[FIGURE_MAX]);   // 512 64K 1.5M 12G
void figure_count(double count, char into[FIGURE_MAX]);   // 12345 123k 4.5M
void figure_rate(double rate, char into[FIGURE_MAX]);     // 0.5 12.3 123 12345 123k
void figure_whole(double number, char into[FIGURE_MAX]);  // in full: pids and the like
void figure_share(double percent, char into[FIGURE_MAX]); // 0.5 99.8 400

#endif
