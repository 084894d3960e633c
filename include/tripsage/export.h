/* tripsage/export.h: how a function of libtripsage is declared.
 *
 * TRIPSAGE_API marks what the shared library exports; everything else is hidden. Define TRIPSAGE_STATIC when
 * linking the static library (tripsage.pc and tripsageConfig.cmake do it for you).
 */
#ifndef TRIPSAGE_EXPORT_H
#define TRIPSAGE_EXPORT_H

#if defined(TRIPSAGE_STATIC)
#define TRIPSAGE_API
#elif defined(__GNUC__)
#define TRIPSAGE_API __attribute__((visibility("default")))
#else
#define TRIPSAGE_API
#endif

#ifdef __cplusplus
#define TRIPSAGE_BEGIN_DECLS extern "C" {
#define TRIPSAGE_END_DECLS   }
#else
#define TRIPSAGE_BEGIN_DECLS
#define TRIPSAGE_END_DECLS
#endif

#endif
