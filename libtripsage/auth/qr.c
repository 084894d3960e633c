/* auth/qr.c: QR codes as images, over libqrencode. The home of qrencode.h.
 *
 * libqrencode takes some tens of kilobytes from malloc and gives them back. The image is a path of dark runs on a white square: a sixth of
 * what a rectangle for each dot takes. */
#include <errno.h>
#include <qrencode.h>
#include <string.h>

#include "auth/totp.h"
#include "base/crypto.h"

/* A code that phones read from a screen: up to 105 dots a side. An otpauth URI with a long issuer has 400 bytes. */
#define TEXT_MAX 1000
#define BORDER   4 /* ISO 18004 wants four light dots around it */
#define SCALE    4 /* pixels a dot, where the page does not say how large it is shown */

static void put_row(tripsage__buf *buf, const unsigned char *row, int width, int y)
{
    for (int x = 0; x < width; x++) {
        int begin = x;

        while (x < width && row[x] & 1)
            x++;
        if (x > begin)
            tripsage__buf_printf(buf, "M%d %dh%dv1h-%dz", begin + BORDER, y + BORDER, x - begin, x - begin);
    }
}

static void put_image(tripsage__buf *buf, const QRcode *code)
{
    int side = code->width + 2 * BORDER;

    tripsage__buf_printf(buf,
                         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                         "shape-rendering=\"crispEdges\"><path fill=\"white\" d=\"M0 0h%dv%dh-%dz\"/><path d=\"",
                         side * SCALE, side * SCALE, side, side, side, side, side);
    for (int y = 0; y < code->width; y++)
        put_row(buf, code->data + y * code->width, code->width, y);
    TRIPSAGE__LIT(buf, "\"/></svg>");
}

tripsage_status tripsage__qr_put_svg(tripsage__buf *buf, const char *text)
{
    QRcode *code;

    if (strlen(text) > TEXT_MAX)
        return TRIPSAGE_FAIL_FIELD("#text", "is more than %d bytes", TEXT_MAX);
    code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M); /* M: a seventh of it may be unreadable */
    if (!code && errno == ENOMEM)
        return TRIPSAGE_NOMEM();
    if (!code)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, errno, "libqrencode could not make a QR code");
    put_image(buf, code);
    tripsage__wipe(code->data, (size_t)code->width * (size_t)code->width); /* it shows a secret */
    QRcode_free(code);
    return TRIPSAGE_OK;
}
