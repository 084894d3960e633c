#include "vector_plot.h"

#include <math.h>

/* Recall is drawn by how much is missed, so that 0.90, 0.99 are as far apart as they are for whoever misses something. */
enum { LEFT = 70, TOP = 40, WIDTH = 620, HEIGHT = 420, LEGEND = 250, LINE = 17 };

static const double ticks[] = {0.80, 0.85, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99};
#define MOST_MISSED  0.22
#define LEAST_MISSED 0.008

static double x_of(double recall)
{
    double missed = fmin(fmax(1 - recall, LEAST_MISSED), MOST_MISSED);

    return LEFT + WIDTH * log(MOST_MISSED / missed) / log(MOST_MISSED / LEAST_MISSED);
}

static int is_drawn(const plot_line *line, size_t i)
{
    return line->recall[i] >= 1 - MOST_MISSED && line->qps[i] > 0;
}

static void find_range(const plot_line *lines, size_t count, double *low, double *high)
{
    *low = 1e9;
    *high = 1;
    for (const plot_line *line = lines; line < lines + count; line++)
        for (size_t i = 0; i < line->count; i++)
            if (is_drawn(line, i)) {
                *low = fmin(*low, line->qps[i]);
                *high = fmax(*high, line->qps[i]);
            }
    *low = pow(10, floor(log10(fmin(*low, *high)) * 4) / 4);
    *high = pow(10, ceil(log10(*high * 1.05) * 4) / 4);
}

static void draw_grid(FILE *out, double low, double high)
{
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++)
        fprintf(out,
                "<path d=\"M%.1f %dv%d\" stroke=\"%s\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.2f</text>\n",
                x_of(ticks[i]), TOP, HEIGHT, ticks[i] == 0.95 ? "#9e9e9e" : "#e0e0e0", x_of(ticks[i]),
                TOP + HEIGHT + 16, ticks[i]);
    for (double decade = pow(10, floor(log10(low))); decade <= high; decade *= 10)
        for (int step = 1; step < 10; step++) {
            double qps = decade * step, y = TOP + HEIGHT * log(high / qps) / log(high / low);

            if (qps < low || qps > high * 1.0001)
                continue;
            fprintf(out, "<path d=\"M%d %.1fh%d\" stroke=\"%s\"/>\n", LEFT, y, WIDTH,
                    step == 1 ? "#bdbdbd" : "#eeeeee");
            if (step == 1 || step == 2 || step == 5)
                fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n", LEFT - 6, y + 4, qps);
        }
}

static void draw_line(FILE *out, const plot_line *line, double low, double high)
{
    const char *verb = "M";

    fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" d=\"", line->color, line->is_own ? "3" : "1.5");
    for (size_t i = 0; i < line->count; i++)
        if (is_drawn(line, i)) {
            fprintf(out, "%s%.1f %.1f", verb, x_of(line->recall[i]),
                    TOP + HEIGHT * log(high / line->qps[i]) / log(high / low));
            verb = "L";
        }
    fputs("\"/>\n", out);
    for (size_t i = 0; i < line->count; i++)
        if (is_drawn(line, i))
            fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" fill=\"%s\"/>\n", x_of(line->recall[i]),
                    TOP + HEIGHT * log(high / line->qps[i]) / log(high / low), line->is_own ? "4" : "2.5", line->color);
}

void vector_plot(FILE *out, const char *title, const plot_line *lines, size_t count)
{
    double low, high;

    find_range(lines, count, &low, &high);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n",
            LEFT + WIDTH + LEGEND, TOP + HEIGHT + 50, title, LEFT, title);
    draw_grid(out, low, high);
    for (const plot_line *line = lines; line < lines + count; line++)
        draw_line(out, line, low, high);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "<path d=\"M%d %zuh24\" stroke=\"%s\" stroke-width=\"%s\"/><text x=\"%d\" y=\"%zu\"%s>%s</text>\n",
                LEFT + WIDTH + 16, TOP + 10 + i * LINE, lines[i].color, lines[i].is_own ? "3" : "1.5",
                LEFT + WIDTH + 46, TOP + 14 + i * LINE, lines[i].is_own ? " font-weight=\"bold\"" : "", lines[i].label);
    fprintf(out,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">recall of the 10 nearest</text>\n"
            "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">queries in a second, one "
            "thread</text>\n"
            "</svg>\n",
            LEFT + WIDTH / 2, TOP + HEIGHT + 38, TOP + HEIGHT / 2);
}
