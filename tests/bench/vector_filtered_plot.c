#include <math.h>

#include "vector_filtered.h"

enum { LEFT = 70, TOP = 60, WIDTH = 300, APART = 24, HEIGHT = 380, LEGEND = 24, LINE = 18 };

static double low, high;

static double x_of(size_t panel, size_t share)
{
    return LEFT + (double)panel * (WIDTH + APART) + WIDTH * ((double)share + 0.5) / FILTERED_SHARES;
}

static double y_of(double qps)
{
    return TOP + HEIGHT * log(high / qps) / log(high / low);
}

static void find_range(const filtered_line *lines, size_t count)
{
    low = INFINITY;
    high = 1;
    for (const filtered_line *line = lines; line < lines + count; line++)
        for (size_t panel = 0; panel < FILTERED_PANELS; panel++)
            for (size_t share = 0; share < FILTERED_SHARES; share++)
                if (line->qps[panel][share] > 0) {
                    low = fmin(low, line->qps[panel][share]);
                    high = fmax(high, line->qps[panel][share]);
                }
    low = pow(10, floor(log10(fmin(low, high))));
    high = pow(10, ceil(log10(high * 1.01)));
}

static void draw_grid(FILE *out, const char *const panels[FILTERED_PANELS], const double shares[FILTERED_SHARES])
{
    for (size_t panel = 0; panel < FILTERED_PANELS; panel++) {
        int left = LEFT + (int)panel * (WIDTH + APART);

        fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"13\">%s</text>\n", left + WIDTH / 2,
                TOP - 10, panels[panel]);
        for (double decade = low; decade <= high * 1.001; decade *= 10)
            fprintf(out, "<path d=\"M%d %.1fh%d\" stroke=\"#bdbdbd\"/>\n", left, y_of(decade), WIDTH);
        for (size_t share = 0; share < FILTERED_SHARES; share++)
            fprintf(out,
                    "<path d=\"M%.1f %dv%d\" stroke=\"#eeeeee\"/><text x=\"%.1f\" y=\"%d\" "
                    "text-anchor=\"middle\">%g</text>\n",
                    x_of(panel, share), TOP, HEIGHT, x_of(panel, share), TOP + HEIGHT + 16, 100 * shares[share]);
        fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%% of all pass</text>\n", left + WIDTH / 2,
                TOP + HEIGHT + 34);
    }
    for (double decade = low; decade <= high * 1.001; decade *= 10)
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n", LEFT - 6, y_of(decade) + 4, decade);
}

static void draw_line(FILE *out, const filtered_line *line, size_t panel)
{
    const char *verb = "M";

    fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" d=\"", line->color, line->is_own ? "3" : "1.5");
    for (size_t share = 0; share < FILTERED_SHARES; share++)
        if (line->qps[panel][share] > 0) {
            fprintf(out, "%s%.1f %.1f", verb, x_of(panel, share), y_of(line->qps[panel][share]));
            verb = "L";
        }
    fputs("\"/>\n", out);
    for (size_t share = 0; share < FILTERED_SHARES; share++)
        if (line->qps[panel][share] > 0)
            fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" stroke=\"%s\" stroke-width=\"1.5\" fill=\"%s\"/>\n",
                    x_of(panel, share), y_of(line->qps[panel][share]), line->is_own ? "4" : "3", line->color,
                    line->is_right[panel][share] ? line->color : "#fff");
}

static void draw_legend(FILE *out, const filtered_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "<path d=\"M%d %zuh24\" stroke=\"%s\" stroke-width=\"%s\"/><text x=\"%d\" y=\"%zu\"%s>%s</text>\n",
                LEFT, TOP + HEIGHT + 34 + LEGEND + i * LINE, lines[i].color, lines[i].is_own ? "3" : "1.5", LEFT + 32,
                TOP + HEIGHT + 38 + LEGEND + i * LINE, lines[i].is_own ? " font-weight=\"bold\"" : "", lines[i].label);
}

void vector_filtered_plot(FILE *out, const char *title, const char *const panels[FILTERED_PANELS],
                          const double shares[FILTERED_SHARES], const filtered_line *lines, size_t count)
{
    find_range(lines, count);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"%d\" y=\"24\" font-size=\"15\">%s</text>\n",
            LEFT + FILTERED_PANELS * (WIDTH + APART), TOP + HEIGHT + 34 + LEGEND + (int)count * LINE + 10, title, LEFT,
            title);
    draw_grid(out, panels, shares);
    for (size_t panel = 0; panel < FILTERED_PANELS; panel++)
        for (const filtered_line *line = lines; line < lines + count; line++)
            draw_line(out, line, panel);
    draw_legend(out, lines, count);
    fprintf(out,
            "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">queries in a second, one "
            "thread</text>\n</svg>\n",
            TOP + HEIGHT / 2);
}
