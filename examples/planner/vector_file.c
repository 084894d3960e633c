/* vector_file.c: files of vectors, and of the numbers of nearest ones, as the usual data sets come. All numbers are little-endian.
 *
 *   fbin, u8bin, i8bin, ibin   u32 how many, u32 dimensions, then all numbers (of ibin the distances may follow)
 *   fvecs, bvecs, ivecs        before each record i32 dimensions
 *   npy                        NumPy's, versions 1 to 3: two dimensions, C order
 *   jsonl                      a JSON object on each line: {"id", "values" or "text", "metadata", "owner_id"}
 *
 * Nothing is held but one record. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vector.h"

enum layout { HEAD, EACH, NPY, LINES };

struct file_format {
    const char *name;
    enum layout layout;
    char element; /* as vector_file's; npy says it itself */
};

static const file_format formats[] = {
    {"fbin", HEAD, 'f'},  {"u8bin", HEAD, 'u'}, {"i8bin", HEAD, 'i'}, {"ibin", HEAD, 'n'}, {"fvecs", EACH, 'f'},
    {"bvecs", EACH, 'u'}, {"ivecs", EACH, 'n'}, {"npy", NPY, 0},      {"jsonl", LINES, 0},
};

enum {
    LINE_MAX_BYTES = 1 << 20, /* what the library takes as one document */
    NPY_HEAD_MAX = 1 << 16,   /* NumPy's own limit is below it */
    NEIGHBOURS_MAX = 1 << 20, /* ground truth of a million neighbours a query is a damaged head */
};

/* ---- what went wrong ---- */

static int refuse(const vector_file *file, const char *what)
{
    fprintf(stderr, "tripsage: %s: %s\n", file->path, what);
    return REFUSED;
}

static int refuse_errno(const vector_file *file)
{
    return refuse(file, strerror(errno));
}

int vector_file_is_lines(const vector_file *file)
{
    return file->format->layout == LINES;
}

int vector_file_refuse(const vector_file *file, uint64_t record, const char *what)
{
    if (vector_file_is_lines(file))
        fprintf(stderr, "tripsage: %s: line %" PRIu64 ": %s\n", file->path, record + 1, what);
    else
        fprintf(stderr, "tripsage: %s: record %" PRIu64 ": %s\n", file->path, record, what);
    return REFUSED;
}

/* ---- numbers ---- */

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static float read_f32(const unsigned char *bytes)
{
    uint32_t bits = read_u32(bytes);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t size_of(char element)
{
    return element == 'u' || element == 'i' ? 1 : element == 'N' ? 8 : 4;
}

static int is_of_vectors(char element)
{
    return element == 'f' || element == 'u' || element == 'i';
}

/* ---- opening ---- */

static const file_format *find_format(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

static int choose_format(vector_file *file, const char *format)
{
    const char *dot = strrchr(file->path, '.');
    file->format = format ? find_format(format) : dot ? find_format(dot + 1) : NULL;
    if (file->format)
        return DONE;
    fprintf(stderr, "tripsage: %s: %s%s is no format; say one with --format: ", file->path,
            format ? "" : "the name's end ",
            format ? format
            : dot  ? dot
                   : "");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        fprintf(stderr, "%s%s", i ? ", " : "", formats[i].name);
    fputs("\n", stderr);
    return USAGE;
}

static int read_exactly(vector_file *file, void *out, size_t size)
{
    if (fread(out, 1, size, file->stream) == size)
        return DONE;
    return ferror(file->stream) ? refuse_errno(file) : refuse(file, "the file ends within its head");
}

/* The head is read: do its numbers make sense, and is the file as long as they say? Behind those of ibin there may be as many distances. */
static int check_size(vector_file *file, int wanted)
{
    uint64_t most = wanted == VECTORS ? TRIPSAGE_VECTOR_DIMENSIONS_MAX : NEIGHBOURS_MAX;
    uint64_t needed, body = file->bytes - file->start;
    char what[160];
    if (file->dimensions == 0 || file->dimensions > most) {
        snprintf(what, sizeof what, "the head says %" PRIu32 " numbers a record; expected 1 to %" PRIu64,
                 file->dimensions, most);
        return refuse(file, what);
    }
    if (file->count == 0 || file->count > UINT32_MAX) {
        snprintf(what, sizeof what, "the head says %" PRIu64 " records; expected 1 to %" PRIu32, file->count,
                 UINT32_MAX);
        return refuse(file, what);
    }
    needed = file->count * file->dimensions * size_of(file->element);
    if (body == needed || (file->format->layout == HEAD && file->element == 'n' && body == 2 * needed))
        return DONE;
    snprintf(what, sizeof what,
             "the head says %" PRIu64 " records of %" PRIu32 " numbers, which are %" PRIu64
             " bytes; the file has %" PRIu64 " behind the head",
             file->count, file->dimensions, needed, body);
    return refuse(file, what);
}

static int open_head(vector_file *file, int wanted)
{
    unsigned char head[8];
    if (read_exactly(file, head, sizeof head) != DONE)
        return REFUSED;
    file->start = sizeof head;
    file->count = read_u32(head);
    file->dimensions = read_u32(head + 4);
    file->element = file->format->element;
    return check_size(file, wanted);
}

static int open_each(vector_file *file, int wanted)
{
    unsigned char head[4];
    uint64_t record;
    if (read_exactly(file, head, sizeof head) != DONE)
        return REFUSED;
    file->dimensions = read_u32(head);
    file->element = file->format->element;
    record = sizeof head + (uint64_t)file->dimensions * size_of(file->element);
    file->count = file->bytes / record;
    file->start = file->bytes - file->count * record; /* for the check: behind the head, whole records */
    if (file->start) {
        char what[160];
        snprintf(what, sizeof what,
                 "record 0 says %" PRIu32 " numbers, which are %" PRIu64 " bytes a record; the file's %" PRIu64
                 " bytes are no multiple of that",
                 file->dimensions, record, file->bytes);
        return refuse(file, what);
    }
    file->start = file->count * sizeof head;
    if (check_size(file, wanted) != DONE)
        return REFUSED;
    file->start = 0;
    return DONE;
}

/* What stands after 'name': in the head, which is a literal of Python's. */
static const char *npy_member(const char *head, const char *name)
{
    const char *found = strstr(head, name);
    if (!found)
        return NULL;
    found += strlen(name);
    found += strspn(found, "'\" ");
    if (*found != ':')
        return NULL;
    return found + 1 + strspn(found + 1, " ");
}

/* A number at *at, which is moved behind it and the spaces after it. */
static int read_count(const char **at, uint64_t *out)
{
    char *end;
    *at += strspn(*at, " ");
    if (**at < '0' || **at > '9')
        return 0;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    *at = end + strspn(end, " ");
    return errno == 0;
}

/* "(1000, 128)", also with a comma at its end. */
static int read_shape(const char *at, uint64_t *rows, uint64_t *columns)
{
    if (*at++ != '(' || !read_count(&at, rows) || *at++ != ',' || !read_count(&at, columns))
        return 0;
    return *at == ')' || strncmp(at, ",)", 2) == 0;
}

static int read_npy_head(vector_file *file, const char *head)
{
    static const struct {
        const char *descr;
        char element;
    } types[] = {{"<f4", 'f'}, {"|u1", 'u'}, {"|i1", 'i'}, {"<i4", 'n'}, {"<i8", 'N'}};
    const char *descr = npy_member(head, "descr"), *order = npy_member(head, "fortran_order");
    const char *shape = npy_member(head, "shape");
    uint64_t rows, columns;
    if (!descr || !order || !shape)
        return refuse(file, "the head lacks one of descr, fortran_order and shape");
    int size = *descr == '\'' || *descr == '"' ? (int)strcspn(descr + 1, "'\"") : 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (size == 3 && memcmp(descr + 1, types[i].descr, 3) == 0)
            file->element = types[i].element;
    if (!file->element) {
        char what[120];
        snprintf(what, sizeof what, "numbers are %.*s; expected <f4, |u1, |i1, <i4 or <i8", size < 20 ? size : 20,
                 size ? descr + 1 : "");
        return refuse(file, size ? what : "the head's descr is no text; expected <f4, |u1, |i1, <i4 or <i8");
    }
    if (strncmp(order, "False", 5) != 0)
        return refuse(file, "the order is Fortran's; expected C order (numpy.ascontiguousarray)");
    if (!read_shape(shape, &rows, &columns) || columns > UINT32_MAX)
        return refuse(file, "the shape has not two dimensions; expected (records, numbers of each)");
    file->count = rows;
    file->dimensions = (uint32_t)columns;
    return DONE;
}

static int open_npy(vector_file *file, int wanted)
{
    unsigned char start[12];
    uint32_t length, prefix;
    if (read_exactly(file, start, 10) != DONE)
        return REFUSED;
    if (memcmp(start, "\x93NUMPY", 6) != 0)
        return refuse(file, "is no .npy file: it does not begin with \\x93NUMPY");
    if (start[6] < 1 || start[6] > 3)
        return refuse(file, "the version of .npy is none of 1, 2 and 3");
    prefix = start[6] == 1 ? 10 : 12;
    if (prefix == 12 && read_exactly(file, start + 10, 2) != DONE)
        return REFUSED;
    length = prefix == 10 ? (uint32_t)start[8] | (uint32_t)start[9] << 8 : read_u32(start + 8);
    if (length > NPY_HEAD_MAX)
        return refuse(file, "the head is longer than 64 KiB");
    char *head = malloc((size_t)length + 1);
    if (!head)
        give_up("out of memory");
    int code = read_exactly(file, head, length);
    head[length] = '\0';
    file->start = prefix + length;
    if (code == DONE)
        code = read_npy_head(file, head);
    free(head);
    return code == DONE ? check_size(file, wanted) : code;
}

static int open_records(vector_file *file, int wanted)
{
    int code = file->format->layout == HEAD   ? open_head(file, wanted)
               : file->format->layout == EACH ? open_each(file, wanted)
                                              : open_npy(file, wanted);
    if (code != DONE)
        return code;
    if (is_of_vectors(file->element) != (wanted == VECTORS))
        return refuse(file, wanted == VECTORS
                                ? "holds integers of 32 or 64 bits; expected vectors"
                                : "holds vectors; expected numbers of neighbours (ibin, ivecs, npy of integers)");
    file->record_size = file->dimensions * size_of(file->element) + (file->format->layout == EACH ? 4 : 0);
    return vector_file_seek(file, 0);
}

int vector_file_open(vector_file *out, const char *path, const char *format, int wanted)
{
    struct stat info;
    memset(out, 0, sizeof *out);
    out->path = path;
    int code = choose_format(out, format);
    if (code != DONE)
        return code;
    out->stream = fopen(path, "rb");
    if (!out->stream || fstat(fileno(out->stream), &info) != 0)
        return refuse_errno(out);
    if (S_ISREG(info.st_mode))
        out->bytes = (uint64_t)info.st_size;
    else if (!vector_file_is_lines(out) || S_ISDIR(info.st_mode))
        return refuse(out, "is no regular file");
    if (!vector_file_is_lines(out)) {
        code = open_records(out, wanted);
    } else {
        out->record_size = LINE_MAX_BYTES + 2; /* with its end and a NUL */
        if (wanted != VECTORS)
            code = refuse(out, "lines of JSON hold no numbers of neighbours; expected ibin, ivecs or npy");
    }
    if (code != DONE)
        return code;
    out->raw = malloc(out->record_size);
    if (!out->raw)
        give_up("out of memory");
    return DONE;
}

void vector_file_close(vector_file *file)
{
    if (file->stream)
        fclose(file->stream);
    free(file->raw);
    memset(file, 0, sizeof *file);
}

/* ---- reading records ---- */

int vector_file_seek(vector_file *file, uint64_t record)
{
    if (record > file->count) {
        char what[80];
        snprintf(what, sizeof what, "there are only %" PRIu64 " records", file->count);
        return vector_file_refuse(file, record, what);
    }
    if (fseeko(file->stream, (off_t)(file->start + record * file->record_size), SEEK_SET) != 0)
        return refuse_errno(file);
    file->at = record;
    return DONE;
}

/* The next record's numbers, where they begin; NULL with `code` set when there is none. */
static const unsigned char *next_record(vector_file *file, int *code)
{
    *code = AT_END;
    if (file->at == file->count)
        return NULL;
    *code = REFUSED;
    if (fread(file->raw, 1, file->record_size, file->stream) != file->record_size) {
        vector_file_refuse(file, file->at, ferror(file->stream) ? strerror(errno) : "the file ends within it");
        return NULL;
    }
    if (file->format->layout == EACH && read_u32(file->raw) != file->dimensions) {
        char what[80];
        snprintf(what, sizeof what, "says %" PRIu32 " numbers; expected %" PRIu32 " as in record 0",
                 read_u32(file->raw), file->dimensions);
        vector_file_refuse(file, file->at, what);
        return NULL;
    }
    *code = DONE;
    file->at++;
    return file->raw + (file->format->layout == EACH ? 4 : 0);
}

int vector_file_read(vector_file *file, float *out)
{
    int code;
    const unsigned char *numbers = next_record(file, &code);
    for (uint32_t i = 0; numbers && i < file->dimensions; i++)
        out[i] = file->element == 'f'   ? read_f32(numbers + 4 * (size_t)i)
                 : file->element == 'u' ? (float)numbers[i]
                                        : (float)(numbers[i] < 128 ? numbers[i] : numbers[i] - 256);
    return code;
}

int vector_file_read_numbers(vector_file *file, int64_t *out)
{
    int code;
    const unsigned char *numbers = next_record(file, &code);
    for (uint32_t i = 0; numbers && i < file->dimensions; i++) {
        const unsigned char *bytes = numbers + size_of(file->element) * (size_t)i;
        uint32_t low = read_u32(bytes), high = file->element == 'N' ? read_u32(bytes + 4) : 0;
        out[i] = (int64_t)((uint64_t)high << 32 | low);
    }
    return code;
}

/* ---- reading lines ---- */

/* The next line without its end; NULL with `code` set when there is none. Bytes of value 0 stay, and are no JSON. */
static const char *next_line(vector_file *file, size_t *length, int *code)
{
    char *line = (char *)file->raw;
    size_t size = 0;
    int byte;
    while ((byte = getc(file->stream)) != EOF && byte != '\n' && size <= LINE_MAX_BYTES)
        line[size++] = (char)byte;
    *code = REFUSED;
    if (ferror(file->stream)) {
        refuse_errno(file);
        return NULL;
    }
    if (byte == EOF && size == 0) {
        *code = AT_END;
        return NULL;
    }
    if (size > LINE_MAX_BYTES) {
        vector_file_refuse(file, file->at, "is longer than 1 MiB");
        return NULL;
    }
    line[size] = '\0';
    *length = size;
    *code = DONE;
    return line;
}

/* "[0.5,-1]", as the library wrote it. 0: something in it is no number. */
static int read_values(vector_line *line, const char *json)
{
    size_t room = line->value_count;
    line->value_count = 0;
    line->values = malloc(room * sizeof *line->values + 1);
    if (!line->values)
        give_up("out of memory");
    for (const char *at = json + 1; line->value_count < room; at++) {
        char *end;
        double value = strtod(at, &end);
        if (end == at || (*end != ',' && *end != ']'))
            return 0;
        line->values[line->value_count++] = (float)value;
        at = end;
    }
    return 1;
}

static const char *check_kind(vector_line *line, const char *pointer, tripsage_kind wanted, size_t *members,
                              const char *wrong)
{
    tripsage_kind found = tripsage_doc_kind(line->doc, pointer);
    *members += found != TRIPSAGE_KIND_ABSENT;
    return found == TRIPSAGE_KIND_ABSENT || found == TRIPSAGE_KIND_NULL || found == wanted ? NULL : wrong;
}

/* What is wrong with a parsed line; NULL: nothing. */
static const char *check_line(vector_line *line)
{
    size_t members = 0;
    const char *wrong = NULL, *const wrongs[] = {
                                  check_kind(line, "/id", TRIPSAGE_KIND_TEXT, &members, "\"id\" is no text"),
                                  check_kind(line, "/text", TRIPSAGE_KIND_TEXT, &members, "\"text\" is no text"),
                                  check_kind(line, "/owner_id", TRIPSAGE_KIND_TEXT, &members,
                                             "\"owner_id\" is no text"),
                                  check_kind(line, "/metadata", TRIPSAGE_KIND_OBJECT, &members,
                                             "\"metadata\" is no object"),
                                  check_kind(line, "/values", TRIPSAGE_KIND_ARRAY, &members, "\"values\" is no array"),
                              };
    if (tripsage_doc_kind(line->doc, "") != TRIPSAGE_KIND_OBJECT)
        return "is no JSON object";
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs && !wrong; i++)
        wrong = wrongs[i];
    if (wrong)
        return wrong;
    if (members != tripsage_doc_count(line->doc, ""))
        return "has a member besides \"id\", \"values\", \"text\", \"metadata\" and \"owner_id\"";
    if (tripsage_doc_kind(line->doc, "/id") != TRIPSAGE_KIND_TEXT)
        return "\"id\" is missing";
    if ((tripsage_doc_kind(line->doc, "/text") == TRIPSAGE_KIND_TEXT) ==
        (tripsage_doc_kind(line->doc, "/values") == TRIPSAGE_KIND_ARRAY))
        return "has neither or both of \"values\" and \"text\"; expected one";
    return NULL;
}

static const char *object_at(tripsage_doc *doc, const char *pointer)
{
    return tripsage_doc_kind(doc, pointer) == TRIPSAGE_KIND_OBJECT ? tripsage_doc_value(doc, pointer, NULL) : NULL;
}

static int refuse_line(const vector_file *file, vector_line *line, const char *what)
{
    vector_line_free(line);
    return vector_file_refuse(file, file->at, what);
}

int vector_file_read_line(vector_file *file, vector_line *out)
{
    size_t length = 0;
    int code;
    memset(out, 0, sizeof *out);
    const char *json = next_line(file, &length, &code);
    if (!json)
        return code;
    if (tripsage_doc_parse(&out->doc, json, length) != TRIPSAGE_OK)
        return refuse_line(file, out, tripsage_last_error()->message);
    const char *wrong = check_line(out);
    if (wrong)
        return refuse_line(file, out, wrong);
    out->value_count = tripsage_doc_count(out->doc, "/values");
    const char *values = tripsage_doc_value(out->doc, "/values", NULL);
    if (values && !read_values(out, values))
        return refuse_line(file, out, "\"values\" has something that is no number");
    out->id = tripsage_doc_text(out->doc, "/id");
    out->text = tripsage_doc_text(out->doc, "/text");
    out->owner_id = tripsage_doc_text(out->doc, "/owner_id");
    out->metadata = object_at(out->doc, "/metadata");
    file->at++;
    return DONE;
}

void vector_line_free(vector_line *line)
{
    tripsage_doc_free(line->doc);
    free(line->values);
    memset(line, 0, sizeof *line);
}
