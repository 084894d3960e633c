/* seal_test.c: secrets come back under the key and for the purpose they were sealed for, and for nothing else. */
#include "base/seal.h"

#include <string.h>

#include "../suite.h"

#define OLD "an old master secret of 32 bytes"
#define NEW "a new master secret, even longer than that"

static tripsage__sealer *sealer_of(const char *first, const char *second)
{
    tripsage__master masters[2] = {{first, strlen(first)}, {second, second ? strlen(second) : 0}};
    tripsage__sealer *sealer;

    ck_assert_ok(tripsage__sealer_new(&sealer, masters, second ? 2 : 1));
    return sealer;
}

static tripsage__buf sealed_by(const tripsage__sealer *sealer, const char *purpose, const char *text)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    ck_assert_ok(tripsage__seal(&buf, sealer, purpose, text, strlen(text)));
    return buf;
}

static void assert_unseals(const tripsage__sealer *sealer, const char *purpose, const tripsage__buf *sealed,
                           const char *text)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    ck_assert_ok(tripsage__unseal(&plain, sealer, purpose, sealed->data, sealed->size));
    ck_assert_uint_eq(plain.size, strlen(text));
    ck_assert_str_eq(plain.data, text);
    tripsage__buf_free_wiped(&plain);
}

/* And leaves the buffer as it was. */
static void assert_refuses(const tripsage__sealer *sealer, const char *purpose, const char *text, size_t length,
                           tripsage_status expected)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    tripsage__buf_puts(&plain, "before");
    ck_assert_fails(tripsage__unseal(&plain, sealer, purpose, text, length), expected);
    ck_assert_str_eq(plain.data, "before");
    tripsage__buf_free_wiped(&plain);
}

START_TEST(what_was_sealed_comes_back)
{
    tripsage__sealer *sealer = sealer_of(NEW, NULL);
    static const char *const texts[] = {"", "x", "a password", "sk-1234567890abcdefghijklmnopqrstuvwxyz"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tripsage__buf sealed = sealed_by(sealer, "test:a", texts[i]);

        ck_assert_int_eq(strncmp(sealed.data, "enc:v1:", 7), 0);
        ck_assert_int_eq(strncmp(sealed.data + 7, tripsage__sealer_key_id(sealer), 16), 0);
        ck_assert_int_eq(sealed.data[23], ':');
        ck_assert(tripsage__is_sealed(sealed.data));
        ck_assert(!tripsage__is_sealed(texts[i]));
        ck_assert(!texts[i][0] || !texts[i][1] || !strstr(sealed.data, texts[i]));
        assert_unseals(sealer, "test:a", &sealed, texts[i]);
        tripsage__buf_free(&sealed);
    }
    tripsage__sealer_free(sealer);
}
END_TEST

START_TEST(one_text_is_sealed_in_many_ways)
{
    tripsage__sealer *sealer = sealer_of(NEW, NULL);
    tripsage__buf one = sealed_by(sealer, "test", "same"), two = sealed_by(sealer, "test", "same");

    ck_assert_str_ne(one.data, two.data);
    tripsage__buf_free(&one);
    tripsage__buf_free(&two);
    tripsage__sealer_free(sealer);
}
END_TEST

/* Made once, with Python's hmac and hashlib and the cryptography package, from the secret OLD: the format must never change. */
START_TEST(the_format_stays_what_it_is)
{
    static const char text[] = "enc:v1:a483cfad2ecadd04:AAECAwQFBgcICQoLMoTfqXebmsGaEDNh6cEHtr9RQOq4ioiLUOo";
    tripsage__sealer *sealer = sealer_of(OLD, NULL);
    tripsage__buf sealed = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    tripsage__buf_puts(&sealed, text);
    assert_unseals(sealer, "user_secret:a:b", &sealed, "top secret");
    tripsage__buf_free(&sealed);
    tripsage__sealer_free(sealer);
}
END_TEST

START_TEST(every_changed_character_is_noticed)
{
    tripsage__sealer *sealer = sealer_of(NEW, NULL);
    tripsage__buf sealed = sealed_by(sealer, "test", "a secret");

    for (size_t i = 0; i < sealed.size; i++) {
        char kept = sealed.data[i];

        sealed.data[i] = kept == 'A' ? 'B' : 'A';
        assert_refuses(sealer, "test", sealed.data, sealed.size,
                       i < 7 || i == 23 ? TRIPSAGE_EMALFORMED
                       : i < 23         ? TRIPSAGE_EUNAVAILABLE
                                        : TRIPSAGE_ECORRUPT);
        sealed.data[i] = kept;
    }
    for (size_t length = 0; length < sealed.size; length++)
        assert_refuses(sealer, "test", sealed.data, length, length < 25 ? TRIPSAGE_EMALFORMED : TRIPSAGE_ECORRUPT);
    assert_unseals(sealer, "test", &sealed, "a secret");
    tripsage__buf_free(&sealed);
    tripsage__sealer_free(sealer);
}
END_TEST

START_TEST(another_purpose_unseals_nothing)
{
    tripsage__sealer *sealer = sealer_of(NEW, NULL);
    tripsage__buf sealed = sealed_by(sealer, "user_secret:a:openai", "sk-a");

    assert_refuses(sealer, "user_secret:b:openai", sealed.data, sealed.size, TRIPSAGE_ECORRUPT);
    assert_refuses(sealer, "user_secret:a:opena", sealed.data, sealed.size, TRIPSAGE_ECORRUPT);
    assert_refuses(sealer, "", sealed.data, sealed.size, TRIPSAGE_EMISUSE);
    tripsage__buf_free(&sealed);
    tripsage__sealer_free(sealer);
}
END_TEST

START_TEST(the_first_secret_seals_and_all_unseal)
{
    tripsage__sealer *before = sealer_of(OLD, NULL), *between = sealer_of(NEW, OLD), *after = sealer_of(NEW, NULL);
    tripsage__buf old_text = sealed_by(before, "test", "made before"),
                  new_text = sealed_by(between, "test", "made after");

    assert_unseals(between, "test", &old_text, "made before");
    assert_unseals(between, "test", &new_text, "made after");
    assert_unseals(after, "test", &new_text, "made after");
    assert_refuses(after, "test", old_text.data, old_text.size, TRIPSAGE_EUNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, tripsage__sealer_key_id(before)));
    assert_refuses(before, "test", new_text.data, new_text.size, TRIPSAGE_EUNAVAILABLE);
    tripsage__buf_free(&old_text);
    tripsage__buf_free(&new_text);
    tripsage__sealer_free(before);
    tripsage__sealer_free(between);
    tripsage__sealer_free(after);
}
END_TEST

/* Who renames a text to a key id that is here has changed its key. */
START_TEST(a_swapped_key_id_unseals_nothing)
{
    tripsage__sealer *before = sealer_of(OLD, NULL), *both = sealer_of(NEW, OLD);
    tripsage__buf sealed = sealed_by(before, "test", "a secret");

    memcpy(sealed.data + 7, tripsage__sealer_key_id(both), 16);
    assert_refuses(both, "test", sealed.data, sealed.size, TRIPSAGE_ECORRUPT);
    tripsage__buf_free(&sealed);
    tripsage__sealer_free(before);
    tripsage__sealer_free(both);
}
END_TEST

START_TEST(weak_and_too_many_secrets_are_refused)
{
    tripsage__master masters[TRIPSAGE__MASTERS_MAX + 1];
    tripsage__sealer *sealer;

    for (size_t i = 0; i <= TRIPSAGE__MASTERS_MAX; i++)
        masters[i] = (tripsage__master){OLD, sizeof OLD - 1};
    ck_assert_fails(tripsage__sealer_new(&sealer, masters, 0), TRIPSAGE_EINVALID);
    ck_assert_fails(tripsage__sealer_new(&sealer, masters, TRIPSAGE__MASTERS_MAX + 1), TRIPSAGE_EINVALID);
    ck_assert_ok(tripsage__sealer_new(&sealer, masters, TRIPSAGE__MASTERS_MAX));
    tripsage__sealer_free(sealer);
    masters[1].size = 31;
    ck_assert_fails(tripsage__sealer_new(&sealer, masters, 2), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(sealer);
}
END_TEST

START_TEST(a_secret_has_a_size_and_a_purpose_a_name)
{
    static char large[TRIPSAGE__SEALED_MAX + 1], long_name[TRIPSAGE__PURPOSE_MAX + 2];
    tripsage__sealer *sealer = sealer_of(NEW, NULL);
    tripsage__buf buf = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    memset(long_name, 'p', sizeof long_name - 1);
    ck_assert_fails(tripsage__seal(&buf, sealer, "test", large, sizeof large), TRIPSAGE_ETOOLARGE);
    ck_assert_fails(tripsage__seal(&buf, sealer, "", "x", 1), TRIPSAGE_EMISUSE);
    ck_assert_fails(tripsage__seal(&buf, sealer, long_name, "x", 1), TRIPSAGE_EMISUSE);
    ck_assert_uint_eq(buf.size, 0);
    long_name[TRIPSAGE__PURPOSE_MAX] = '\0';
    ck_assert_ok(tripsage__seal(&buf, sealer, long_name, large, sizeof large - 1));
    ck_assert_ok(tripsage__unseal(&plain, sealer, long_name, buf.data, buf.size));
    ck_assert_uint_eq(plain.size, sizeof large - 1);
    tripsage__buf_free(&buf);
    tripsage__buf_free_wiped(&plain);
    tripsage__sealer_free(sealer);
}
END_TEST

SUITE_MAIN("base/seal", what_was_sealed_comes_back, one_text_is_sealed_in_many_ways, the_format_stays_what_it_is,
           every_changed_character_is_noticed, another_purpose_unseals_nothing, the_first_secret_seals_and_all_unseal,
           a_swapped_key_id_unseals_nothing, weak_and_too_many_secrets_are_refused,
           a_secret_has_a_size_and_a_purpose_a_name)
