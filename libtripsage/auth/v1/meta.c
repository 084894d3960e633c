/* auth/v1/meta.c: what the service says about itself. */
#include "auth/v1/v1.h"

tripsage_status tripsage__v1_health(tripsage__v1_call *call)
{
    TRIPSAGE__LIT(tripsage__v1_put_json(call), "{\"version\":\"\",\"name\":\"GoTrue\",\"description\":"
                                               "\"GoTrue is a user registration and authentication API\"}");
    return TRIPSAGE_OK;
}
