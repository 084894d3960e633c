/* crypto_test.c: digests against published vectors (FIPS 180-4 examples, RFC 4231), keys and ciphers against theirs (RFC 5869, GCM's
 * own), base64url against RFC 4648, and the refusals. */
#include "base/crypto.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

static const char *hex_of(const void *data, size_t size)
{
    static char text[2 * 256 + 1];

    ck_assert_uint_le(size, 256);
    tripsage__hex(text, data, size);
    return text;
}

START_TEST(sha256_gives_the_published_digests)
{
    static const struct {
        const char *text, *digest;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    unsigned char digest[TRIPSAGE__SHA256_SIZE];

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        ck_assert_int_eq(tripsage__sha256(digest, vectors[i].text, strlen(vectors[i].text)), TRIPSAGE_OK);
        ck_assert_str_eq(hex_of(digest, sizeof digest), vectors[i].digest);
    }
}
END_TEST

START_TEST(sha256_of_a_million_letters)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    size_t size = 1000000;
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    memset(text, 'a', size);
    ck_assert_int_eq(tripsage__sha256(digest, text, size), TRIPSAGE_OK);
    ck_assert_str_eq(hex_of(digest, sizeof digest), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(text);
}
END_TEST

/* RFC 4231, cases 1 to 4, 6 and 7 (5 is about truncation). */
START_TEST(hmac_gives_the_published_codes)
{
    static const char data6[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    static const char data7[] = "This is a test using a larger than block-size key and a larger than block-size data. "
                                "The key needs to be hashed before being used by the HMAC algorithm.";
    unsigned char key1[20], key3[20], key4[25], key6[131], data3[50], data4[50];
    const struct {
        const void *key;
        size_t key_size;
        const void *data;
        size_t size;
        const char *code;
    } vectors[] = {
        {key1, sizeof key1, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 4, "what do ya want for nothing?", 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {key3, sizeof key3, data3, sizeof data3, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {key4, sizeof key4, data4, sizeof data4, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {key6, sizeof key6, data6, sizeof data6 - 1,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {key6, sizeof key6, data7, sizeof data7 - 1,
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    memset(key1, 0x0b, sizeof key1);
    memset(key3, 0xaa, sizeof key3);
    memset(key6, 0xaa, sizeof key6);
    memset(data3, 0xdd, sizeof data3);
    memset(data4, 0xcd, sizeof data4);
    for (size_t i = 0; i < sizeof key4; i++)
        key4[i] = (unsigned char)(i + 1);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        ck_assert_int_eq(
            tripsage__hmac_sha256(code, vectors[i].key, vectors[i].key_size, vectors[i].data, vectors[i].size),
            TRIPSAGE_OK);
        ck_assert_str_eq(hex_of(code, sizeof code), vectors[i].code);
    }
}
END_TEST

/* `text` in hexadecimal into bytes; gives how many. */
static size_t bytes_of(unsigned char *out, const char *text)
{
    size_t size = strlen(text) / 2;

    ck_assert_uint_le(size, 128);
    for (size_t i = 0; i < size; i++) {
        unsigned byte;

        ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (unsigned char)byte;
    }
    return size;
}

/* RFC 5869, A.1 to A.3. */
START_TEST(hkdf_gives_the_published_keys)
{
    static const struct {
        const char *secret, *salt, *info, *prk, *key;
    } vectors[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
         "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
         "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
         "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
         "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
         "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        unsigned char secret[128], salt[128], info[128], prk[TRIPSAGE__SHA256_SIZE], key[128];
        size_t secret_size = bytes_of(secret, vectors[i].secret);
        size_t salt_size = bytes_of(salt, vectors[i].salt);
        size_t info_size = bytes_of(info, vectors[i].info);
        size_t key_size = strlen(vectors[i].key) / 2;

        ck_assert_ok(tripsage__hkdf_extract(prk, salt, salt_size, secret, secret_size));
        ck_assert_str_eq(hex_of(prk, sizeof prk), vectors[i].prk);
        ck_assert_ok(tripsage__hkdf_expand(key, key_size, prk, info, info_size));
        ck_assert_str_eq(hex_of(key, key_size), vectors[i].key);
    }
}
END_TEST

/* "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega, as submitted to NIST: test cases 13, 14 and 16. */
static const struct gcm_vector {
    const char *key, *nonce, *aad, *data, *ciphertext, *tag;
} gcm_vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
     "ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
     "bcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void check_gcm(const struct gcm_vector *vector)
{
    unsigned char key[128], nonce[128], aad[128], data[128], ciphertext[128], again[128], tag[TRIPSAGE__GCM_TAG_SIZE];
    tripsage__gcm gcm = {key, nonce, aad, bytes_of(aad, vector->aad)};
    size_t size = bytes_of(data, vector->data);

    bytes_of(key, vector->key);
    bytes_of(nonce, vector->nonce);
    ck_assert_ok(tripsage__gcm_encrypt(ciphertext, tag, &gcm, data, size));
    ck_assert_str_eq(hex_of(ciphertext, size), vector->ciphertext);
    ck_assert_str_eq(hex_of(tag, sizeof tag), vector->tag);
    ck_assert_ok(tripsage__gcm_decrypt(again, &gcm, ciphertext, size, tag));
    ck_assert_mem_eq(again, data, size);
}

START_TEST(gcm_gives_the_published_ciphertexts)
{
    for (size_t i = 0; i < sizeof gcm_vectors / sizeof gcm_vectors[0]; i++)
        check_gcm(&gcm_vectors[i]);
}
END_TEST

START_TEST(gcm_refuses_every_changed_bit_and_leaves_zeros)
{
    unsigned char key[32] = {1}, nonce[12] = {2}, aad[8] = {3}, data[8] = {4}, ciphertext[8], tag[16], out[8];
    tripsage__gcm gcm = {key, nonce, aad, sizeof aad};
    const struct {
        unsigned char *bytes;
        size_t size;
    } parts[] = {{key, 32}, {nonce, 12}, {aad, 8}, {ciphertext, 8}, {tag, 16}};
    static const unsigned char zeros[8];

    ck_assert_ok(tripsage__gcm_encrypt(ciphertext, tag, &gcm, data, sizeof data));
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
        for (size_t bit = 0; bit < parts[p].size * 8; bit++) {
            parts[p].bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            memset(out, 0xaa, sizeof out);
            ck_assert_fails(tripsage__gcm_decrypt(out, &gcm, ciphertext, sizeof out, tag), TRIPSAGE_ECORRUPT);
            ck_assert_mem_eq(out, zeros, sizeof out);
            parts[p].bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    ck_assert_ok(tripsage__gcm_decrypt(out, &gcm, ciphertext, sizeof out, tag));
}
END_TEST

START_TEST(hmac_takes_an_empty_key_and_empty_data)
{
    static const char expected[] = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    ck_assert_int_eq(tripsage__hmac_sha256(code, NULL, 0, NULL, 0), TRIPSAGE_OK);
    ck_assert_str_eq(hex_of(code, sizeof code), expected);
    ck_assert_int_eq(tripsage__hmac_sha256(code, "", 0, "", 0), TRIPSAGE_OK);
    ck_assert_str_eq(hex_of(code, sizeof code), expected);
}
END_TEST

START_TEST(random_bytes_differ_and_fill_all_of_it)
{
    unsigned char a[64] = {0}, b[64] = {0}, seen[64] = {0};

    for (int round = 0; round < 40; round++) {
        ck_assert(tripsage__random_bytes(a, sizeof a));
        ck_assert(tripsage__random_bytes(b, sizeof b));
        ck_assert(memcmp(a, b, sizeof a) != 0);
        for (size_t i = 0; i < sizeof a; i++)
            seen[i] |= a[i];
    }
    for (size_t i = 0; i < sizeof seen; i++)
        ck_assert_uint_ne(seen[i], 0); /* untouched with a chance of 2^-320 */
    ck_assert(tripsage__random_bytes(NULL, 0));
}
END_TEST

START_TEST(equality_sees_every_byte)
{
    unsigned char a[32], b[32];

    memset(a, 7, sizeof a);
    memset(b, 7, sizeof b);
    ck_assert(tripsage__equal_constant_time(a, b, sizeof a));
    ck_assert(tripsage__equal_constant_time(a, b, 0));
    for (size_t i = 0; i < sizeof b; i++) {
        b[i] ^= 0x80;
        ck_assert(!tripsage__equal_constant_time(a, b, sizeof a));
        b[i] ^= 0x80;
    }
}
END_TEST

START_TEST(wipe_leaves_zeros)
{
    unsigned char secret[16], zeros[16] = {0};

    memset(secret, 0xa5, sizeof secret);
    tripsage__wipe(secret, sizeof secret);
    ck_assert_mem_eq(secret, zeros, sizeof secret);
    tripsage__wipe(NULL, 16);
}
END_TEST

static const struct {
    const char *bytes, *text;
} base64[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
              {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};

START_TEST(base64url_gives_the_published_texts)
{
    for (size_t i = 0; i < sizeof base64 / sizeof base64[0]; i++) {
        tripsage__buf buf = TRIPSAGE__BUF_INIT(64);
        unsigned char back[8];

        tripsage__base64url_put(&buf, base64[i].bytes, strlen(base64[i].bytes));
        ck_assert_int_eq(tripsage__buf_status(&buf), TRIPSAGE_OK);
        ck_assert_str_eq(buf.data ? buf.data : "", base64[i].text);
        ck_assert_int_eq(tripsage__base64url_decode(back, sizeof back, base64[i].text, strlen(base64[i].text)),
                         (int)strlen(base64[i].bytes));
        ck_assert_mem_eq(back, base64[i].bytes, strlen(base64[i].bytes));
        tripsage__buf_free(&buf);
    }
}
END_TEST

START_TEST(base64url_carries_every_byte)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(1024);
    unsigned char bytes[256], back[256];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    tripsage__base64url_put(&buf, bytes, sizeof bytes);
    ck_assert_uint_eq(buf.size, 342);
    ck_assert_ptr_null(strpbrk(buf.data, "+/="));
    ck_assert_int_eq(tripsage__base64url_decode(back, sizeof back, buf.data, buf.size), 256);
    ck_assert_mem_eq(back, bytes, sizeof bytes);
    ck_assert_int_eq(tripsage__base64url_decode(back, sizeof back - 1, buf.data, buf.size), -1);
    tripsage__buf_free(&buf);
}
END_TEST

START_TEST(base64url_refuses_what_it_would_not_write)
{
    static const char *const bad[] = {"Z",   "Zm9vY", "Zg==",   "Zm9+", "Zm9/",     "Zm9v\n",
                                      "Z g", "Zh",    "Zm9vYh", "Zm9",  "Z\xc3\xa9"};
    unsigned char out[16];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(tripsage__base64url_decode(out, sizeof out, bad[i], strlen(bad[i])) == -1, "'%s' was decoded",
                      bad[i]);
    ck_assert_int_eq(tripsage__base64url_decode(out, sizeof out, "Zm\0v", 4), -1);
}
END_TEST

/* RFC 4648, 4 and 10. */
START_TEST(base64_with_its_padding_is_read)
{
    static const struct {
        const char *bytes, *text;
    } good[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"},
                {"\xfb\xff\xfe", "+//+"}};
    static const char *const bad[] = {
        "Zg", "Zg=", "Zm9vYg", "Zg===", "Z===", "====", "=", "-__-", "Zh==", "Zm9v\n", "Zg==Zg==", "Zm 9"};
    unsigned char out[8];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_int_eq(tripsage__base64_decode(out, sizeof out, good[i].text, strlen(good[i].text)),
                         (int)strlen(good[i].bytes));
        ck_assert_mem_eq(out, good[i].bytes, strlen(good[i].bytes));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(tripsage__base64_decode(out, sizeof out, bad[i], strlen(bad[i])) == -1, "'%s' was decoded",
                      bad[i]);
    ck_assert_int_eq(tripsage__base64_decode(out, 5, "Zm9vYmFy", 8), -1);
}
END_TEST

START_TEST(base64url_remembers_a_full_buffer)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(4);

    tripsage__base64url_put(&buf, "foobar", 6);
    ck_assert_int_eq(tripsage__buf_status(&buf), TRIPSAGE_ETOOLARGE);
    tripsage__buf_free(&buf);
}
END_TEST

/* RFC 4231, test cases 2 and 3. */
START_TEST(hmac_sha224_gives_the_published_codes)
{
    unsigned char code[TRIPSAGE__SHA224_SIZE], key[20], data[50];
    char hex[2 * sizeof code + 1];

    ck_assert_int_eq(tripsage__hmac_sha224(code, "Jefe", 4, "what do ya want for nothing?", 28), TRIPSAGE_OK);
    tripsage__hex(hex, code, sizeof code);
    ck_assert_str_eq(hex, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44");
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    ck_assert_int_eq(tripsage__hmac_sha224(code, key, sizeof key, data, sizeof data), TRIPSAGE_OK);
    tripsage__hex(hex, code, sizeof code);
    ck_assert_str_eq(hex, "7fb3cb3588c6c1f6ffa9694d7d6ad2649365b0c1f65d69d1ec8333ea");
}
END_TEST

START_TEST(hex_says_every_byte_at_every_length)
{
    unsigned char bytes[256];
    char expected[2 * sizeof bytes + 1] = "";

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
        ck_assert_str_eq(hex_of(bytes, i), expected);
        snprintf(expected + 2 * i, 3, "%02x", (unsigned)i);
    }
    ck_assert_str_eq(hex_of(bytes, sizeof bytes), expected);
}
END_TEST

SUITE_MAIN("base/crypto", hex_says_every_byte_at_every_length, hmac_sha224_gives_the_published_codes,
           sha256_gives_the_published_digests, sha256_of_a_million_letters, hmac_gives_the_published_codes,
           hmac_takes_an_empty_key_and_empty_data, hkdf_gives_the_published_keys, gcm_gives_the_published_ciphertexts,
           gcm_refuses_every_changed_bit_and_leaves_zeros, random_bytes_differ_and_fill_all_of_it,
           equality_sees_every_byte, wipe_leaves_zeros, base64url_gives_the_published_texts,
           base64url_carries_every_byte, base64url_refuses_what_it_would_not_write, base64url_remembers_a_full_buffer,
           base64_with_its_padding_is_read)
