/* schemas.c: see schemas.h. */
#include "schemas.h"

#include <tripsage/doc.h>

/* clang-format off */
static const schema table[] = {
    {"Problem", TRIPSAGE_JSON({
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id", "errors", "error", "message"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "instance": {"type": "string"}, "code": {"type": "string"},
            "request_id": {"type": "string"}, "error": {"const": true}, "message": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "object", "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}}}}
        }})},
    {"Stop", TRIPSAGE_JSON({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"}, "country": {"type": ["string", "null"]}, "country_code": {"type": ["string", "null"]},
            "city": {"type": ["string", "null"]}, "timezone": {"type": ["string", "null"]},
            "coordinates": {"type": ["object", "null"], "required": ["latitude", "longitude"],
                "properties": {"latitude": {"type": "number"}, "longitude": {"type": "number"}, "altitude": {"type": "number"}}},
            "duration_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650},
            "arrival_date": {"type": ["string", "null"], "format": "date"},
            "departure_date": {"type": ["string", "null"], "format": "date"},
            "destination_id": {"type": ["string", "null"]}
        }})},
    {"Budget", TRIPSAGE_JSON({
        "type": ["object", "null"],
        "required": ["total", "currency"],
        "properties": {
            "total": {"type": "integer", "minimum": 0, "description": "in the currency's minor unit"},
            "currency": {"type": "string", "description": "ISO 4217"},
            "breakdown": {"type": ["object", "null"], "additionalProperties": {"type": "integer", "minimum": 0}}
        }})},
    {"TripInput", TRIPSAGE_JSON({
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 200},
            "description": {"type": ["string", "null"], "maxLength": 2000},
            "start_date": {"type": "string", "format": "date"}, "end_date": {"type": "string", "format": "date"},
            "destinations": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"$ref": "#/components/schemas/Stop"}},
            "status": {"enum": ["planning", "booked", "in_progress", "completed", "cancelled"]},
            "trip_type": {"enum": ["leisure", "business", "family", "solo", "other"]},
            "visibility": {"enum": ["private", "shared", "public"]},
            "tags": {"type": "array", "maxItems": 20, "items": {"type": "string"}},
            "travelers": {"type": "integer", "minimum": 1, "maximum": 100},
            "budget": {"$ref": "#/components/schemas/Budget"},
            "preferences": {"type": "object"}
        }})},
    {"Trip", TRIPSAGE_JSON({
        "allOf": [{"$ref": "#/components/schemas/TripInput"}],
        "type": "object",
        "required": ["id", "user_id", "title", "start_date", "end_date", "duration_days", "destinations", "status", "trip_type",
            "visibility", "tags", "travelers", "preferences", "role", "version", "created_at", "updated_at"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "user_id": {"type": "string", "format": "uuid"},
            "duration_days": {"type": "integer", "minimum": 1},
            "role": {"enum": ["owner", "admin", "edit", "view", "public", "service"]},
            "version": {"type": "integer", "minimum": 1},
            "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
            "deleted_at": {"type": ["string", "null"], "format": "date-time"}
        }})},
    {"TripEntry", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "user_id", "title", "start_date", "end_date", "duration_days", "destinations", "status", "trip_type",
            "visibility", "tags", "travelers", "role", "version", "created_at", "updated_at"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "title": {"type": "string"},
            "duration_days": {"type": "integer"}, "destinations": {"type": "array", "items": {"type": "string"}},
            "tags": {"type": "array", "items": {"type": "string"}}, "version": {"type": "integer"}
        }})},
    {"TripList", TRIPSAGE_JSON({
        "type": "object",
        "required": ["items", "limit", "skip", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/TripEntry"}},
            "limit": {"type": "integer"}, "skip": {"type": "integer"},
            "next_cursor": {"type": ["string", "null"]}, "total": {"type": "integer"}
        }})},
    {"TripSearch", TRIPSAGE_JSON({
        "type": "object",
        "required": ["query", "items", "limit", "skip"],
        "properties": {
            "query": {"type": "string"}, "limit": {"type": "integer"}, "skip": {"type": "integer"},
            "items": {"type": "array", "items": {"type": "object", "required": ["kind", "id", "trip_id", "title", "snippet", "score", "trip"],
                "properties": {"kind": {"enum": ["trip", "item", "note"]}, "id": {"type": "string"}, "trip_id": {"type": "string"},
                    "title": {"type": "string"}, "snippet": {"type": "string"}, "score": {"type": "number"},
                    "trip": {"$ref": "#/components/schemas/TripEntry"}}}}
        }})},
    {"SimilarTrips", TRIPSAGE_JSON({
        "type": "object",
        "required": ["trip_id", "items", "method"],
        "properties": {
            "trip_id": {"type": "string"}, "method": {"enum": ["exact", "hnsw"]},
            "items": {"type": "array", "items": {"type": "object", "required": ["trip", "score"],
                "properties": {"trip": {"$ref": "#/components/schemas/TripEntry"}, "score": {"type": "number"}}}}
        }})},
    {"TripSummary", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "trip_id", "title", "date_range", "duration_days", "destinations", "status", "budget_summary",
            "items_total", "items_booked", "days_planned", "nights_without_accommodation", "has_itinerary", "conflicts",
            "completion_percentage"],
        "properties": {
            "id": {"type": "string"}, "trip_id": {"type": "string"}, "title": {"type": "string"}, "date_range": {"type": "string"},
            "duration_days": {"type": "integer"}, "destinations": {"type": "array", "items": {"type": "string"}},
            "status": {"type": "string"}, "budget_summary": {"type": "object"}, "items_total": {"type": "integer"},
            "items_booked": {"type": "integer"}, "days_planned": {"type": "integer"},
            "nights_without_accommodation": {"type": "integer"}, "has_itinerary": {"type": "boolean"},
            "conflicts": {"type": "integer"}, "completion_percentage": {"type": "number", "minimum": 0, "maximum": 100}
        }})},
    {"Duplicate", TRIPSAGE_JSON({
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 200}, "start_date": {"type": "string", "format": "date"}}})},
    {"Transfer", TRIPSAGE_JSON({
        "type": "object", "required": ["user_id"], "properties": {"user_id": {"type": "string", "format": "uuid"}}})},
    {"Export", TRIPSAGE_JSON({
        "type": "object",
        "required": ["format", "trip_id", "status", "download_url"],
        "properties": {"format": {"enum": ["json", "csv", "ics"]}, "trip_id": {"type": "string"}, "status": {"const": "completed"},
            "download_url": {"type": "string"}}})},
    {"Share", TRIPSAGE_JSON({
        "type": "object",
        "required": ["user_emails"],
        "properties": {
            "user_emails": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string"},
                "description": "e-mail addresses or user ids"},
            "permission_level": {"$ref": "#/components/schemas/LevelName"}
        }})},
    {"LevelName", TRIPSAGE_JSON({"enum": ["view", "edit", "admin"]})},
    {"Level", TRIPSAGE_JSON({
        "type": "object", "required": ["permission_level"],
        "properties": {"permission_level": {"$ref": "#/components/schemas/LevelName"}}})},
    {"Collaborator", TRIPSAGE_JSON({
        "type": "object",
        "required": ["user_id", "permission_level", "added_by", "added_at"],
        "properties": {
            "user_id": {"type": "string", "format": "uuid"}, "email": {"type": ["string", "null"]}, "name": {"type": ["string", "null"]},
            "permission_level": {"$ref": "#/components/schemas/LevelName"}, "added_by": {"type": "string"},
            "added_at": {"type": "string", "format": "date-time"}
        }})},
    {"Collaborators", TRIPSAGE_JSON({
        "type": "object",
        "required": ["total", "owner_id"],
        "properties": {
            "collaborators": {"type": "array", "items": {"$ref": "#/components/schemas/Collaborator"}},
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Collaborator"}},
            "total": {"type": "integer"}, "owner_id": {"type": "string", "format": "uuid"}
        }})},
    {"ItemInput", TRIPSAGE_JSON({
        "type": "object",
        "properties": {
            "item_type": {"enum": ["activity", "accommodation", "transport", "meal", "event", "other"]},
            "title": {"type": "string", "minLength": 1, "maxLength": 200}, "description": {"type": ["string", "null"], "maxLength": 2000},
            "item_date": {"type": "string", "format": "date"}, "start_time": {"type": ["string", "null"]},
            "end_date": {"type": ["string", "null"], "format": "date"}, "end_time": {"type": ["string", "null"]},
            "timezone": {"type": ["string", "null"]}, "end_timezone": {"type": ["string", "null"]},
            "location": {"type": ["object", "null"]}, "cost": {"type": ["integer", "null"], "minimum": 0},
            "currency": {"type": ["string", "null"]},
            "category": {"enum": ["accommodation", "transportation", "food", "activities", "miscellaneous", null]},
            "booking_reference": {"type": ["string", "null"], "maxLength": 100},
            "booking_status": {"enum": ["planned", "reserved", "booked", "completed", "cancelled"]},
            "notes": {"type": ["string", "null"], "maxLength": 2000}, "is_flexible": {"type": "boolean"}, "details": {"type": "object"}
        }})},
    {"Item", TRIPSAGE_JSON({
        "allOf": [{"$ref": "#/components/schemas/ItemInput"}],
        "type": "object",
        "required": ["id", "trip_id", "item_type", "title", "item_date", "booking_status", "is_flexible", "details", "version",
            "created_at", "updated_at"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "trip_id": {"type": "string", "format": "uuid"},
            "start_at": {"type": ["string", "null"], "format": "date-time"}, "end_at": {"type": ["string", "null"], "format": "date-time"},
            "version": {"type": "integer", "minimum": 1}
        }})},
    {"Itinerary", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "trip_id", "title", "start_date", "end_date", "items", "total_items"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "trip_id": {"type": "string"}, "title": {"type": "string"},
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}, "total_items": {"type": "integer"}
        }})},
    {"Conflicts", TRIPSAGE_JSON({
        "type": "object",
        "required": ["has_conflicts", "conflicts"],
        "properties": {
            "has_conflicts": {"type": "boolean"},
            "conflicts": {"type": "array", "items": {"type": "object", "required": ["reason", "date", "severity", "message", "items"],
                "properties": {"reason": {"enum": ["time_overlap", "outside_trip_dates"]}, "date": {"type": "string"},
                    "severity": {"enum": ["warning", "error"]}, "message": {"type": "string"}, "items": {"type": "array"}}}}
        }})},
    {"OptimizeInput", TRIPSAGE_JSON({
        "type": "object",
        "required": ["itinerary_id"],
        "additionalProperties": false,
        "properties": {
            "itinerary_id": {"type": "string", "format": "uuid", "description": "the id of the trip"},
            "settings": {"enum": ["time", "cost", "convenience", null], "description": "what is better (time)"}
        }})},
    {"TimeSlot", TRIPSAGE_JSON({
        "type": "object", "required": ["start_time", "end_time"],
        "properties": {"start_time": {"type": "string"}, "end_time": {"type": "string"}}})},
    {"Optimization", TRIPSAGE_JSON({
        "type": "object",
        "required": ["original_itinerary", "optimized_itinerary", "changes", "optimization_score"],
        "properties": {
            "original_itinerary": {"$ref": "#/components/schemas/Itinerary"},
            "optimized_itinerary": {"$ref": "#/components/schemas/Itinerary"},
            "changes": {"type": "array", "items": {"type": "object",
                "required": ["item_id", "title", "date", "version", "from", "to"],
                "properties": {"item_id": {"type": "string", "format": "uuid"}, "title": {"type": "string"},
                    "date": {"type": "string", "format": "date"}, "version": {"type": "integer", "minimum": 1},
                    "from": {"$ref": "#/components/schemas/TimeSlot"}, "to": {"$ref": "#/components/schemas/TimeSlot"}}}},
            "optimization_score": {"type": "number", "minimum": 0, "maximum": 1}
        }})},
    {"ItinerarySearch", TRIPSAGE_JSON({
        "type": "object",
        "properties": {
            "status": {"type": ["string", "null"]}, "destinations": {"type": ["array", "null"], "maxItems": 1, "items": {"type": "string"}},
            "tags": {"type": ["array", "null"], "maxItems": 1, "items": {"type": "string"}},
            "start_date_from": {"type": ["string", "null"], "format": "date"}, "start_date_to": {"type": ["string", "null"], "format": "date"},
            "end_date_from": {"type": ["string", "null"], "format": "date"}, "end_date_to": {"type": ["string", "null"], "format": "date"},
            "query": {"type": ["string", "null"], "maxLength": 500, "description": "part of the title or description"},
            "page": {"type": "integer", "minimum": 1, "maximum": 100}, "page_size": {"type": "integer", "minimum": 1, "maximum": 100}
        }})},
    {"ItineraryPage", TRIPSAGE_JSON({
        "type": "object",
        "required": ["success", "data", "pagination"],
        "properties": {
            "success": {"const": true}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/TripEntry"}},
            "pagination": {"type": "object", "required": ["page", "per_page", "total_items", "total_pages", "has_next", "has_prev"]}
        }})},
    {"NoteInput", TRIPSAGE_JSON({
        "type": "object", "required": ["content"], "properties": {"content": {"type": "string", "minLength": 1, "maxLength": 10000}}})},
    {"Note", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "trip_id", "user_id", "content", "version", "created_at", "updated_at"],
        "properties": {"id": {"type": "string", "format": "uuid"}, "trip_id": {"type": "string"}, "user_id": {"type": "string"},
            "content": {"type": "string"}, "version": {"type": "integer"}}})},
    {"NoteList", TRIPSAGE_JSON({
        "type": "object", "required": ["items", "total"],
        "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}, "total": {"type": "integer"}}})},
    {"UnifiedQuery", TRIPSAGE_JSON({
        "type": "object", "required": ["query"],
        "additionalProperties": false,
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 500},
            "types": {"type": ["array", "null"], "maxItems": 16, "items": {"type": "string", "description": "trip, destination, memory"}},
            "resource_types": {"type": ["array", "null"], "maxItems": 16, "items": {"type": "string"}, "deprecated": true},
            "limit": {"type": ["integer", "null"], "minimum": 1, "maximum": 100},
            "sort_by": {"enum": ["relevance", "price", "title", "distance", null]}, "sort_order": {"enum": ["asc", "desc", null]},
            "destination": {"type": ["string", "null"], "maxLength": 200}, "location": {"type": ["string", "null"], "maxLength": 200, "deprecated": true},
            "filters": {"type": ["object", "null"], "additionalProperties": false, "properties": {
                "price_min": {"type": ["integer", "null"], "minimum": 0, "description": "US cents a day"},
                "price_max": {"type": ["integer", "null"], "minimum": 1},
                "latitude": {"type": ["number", "null"], "minimum": -90, "maximum": 90},
                "longitude": {"type": ["number", "null"], "minimum": -180, "maximum": 180},
                "radius_km": {"type": ["number", "null"], "minimum": 1, "maximum": 20038},
                "rating_min": {"type": ["number", "null"], "minimum": 0, "maximum": 5}, "custom_filters": {"type": ["object", "null"]}}},
            "start_date": {"type": ["string", "null"], "format": "date"}, "end_date": {"type": ["string", "null"], "format": "date"},
            "origin": {"type": ["string", "null"], "maxLength": 200}, "user_preferences": {"type": ["object", "null"]},
            "adults": {"type": ["integer", "null"], "minimum": 1, "maximum": 20}, "children": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
            "infants": {"type": ["integer", "null"], "minimum": 0, "maximum": 10}, "guests": {"type": ["integer", "null"], "minimum": 1, "maximum": 40}
        }})},
    {"UnifiedSearch", TRIPSAGE_JSON({
        "type": "object",
        "required": ["results", "facets", "metadata"],
        "properties": {
            "results": {"type": "array", "items": {"type": "object", "required": ["type", "id", "title", "score"],
                "properties": {"type": {"enum": ["trip", "item", "note", "destination", "memory"]}, "id": {"type": "string"}, "title": {"type": "string"},
                    "description": {"type": ["string", "null"]}, "score": {"type": "number"}, "trip_id": {"type": "string"},
                    "country": {"type": "string"}, "coordinates": {"type": "object"}, "price": {"type": "object"}, "distance_km": {"type": "number"}}}},
            "facets": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
                "name": {"enum": ["type", "country", "price"]}, "values": {"type": "array", "maxItems": 10,
                    "items": {"type": "object", "required": ["value", "count"]}},
                "minimum": {"type": "integer"}, "maximum": {"type": "integer"}, "currency": {"type": "string"}}}},
            "metadata": {"type": "object", "required": ["total_results", "returned_results", "cached_results", "search_time_ms", "search_id",
                "personalized", "providers_queried", "provider_errors"]},
            "did_you_mean": {"type": "string"},
            "error": {"type": "object", "required": ["code", "message"], "description": "of one of several searches, which found nothing because of it"},
            "errors": {"type": "array", "items": {"type": "object", "required": ["pointer", "detail"]}}
        }})},
    {"UnifiedQueries", TRIPSAGE_JSON({
        "type": "array", "minItems": 1, "maxItems": 10, "items": {"$ref": "#/components/schemas/UnifiedQuery"}})},
    {"UnifiedSearches", TRIPSAGE_JSON({
        "type": "array", "items": {"$ref": "#/components/schemas/UnifiedSearch"}})},
    {"Searches", TRIPSAGE_JSON({
        "type": "object", "required": ["items", "total"],
        "properties": {"total": {"type": "integer"}, "items": {"type": "array", "items": {"type": "object",
            "required": ["id", "query", "request", "times", "searched_at", "saved"],
            "properties": {"id": {"type": "string", "format": "uuid"}, "query": {"type": "string"}, "request": {"type": "object"},
                "times": {"type": "integer", "minimum": 0}, "searched_at": {"type": "string", "format": "date-time"},
                "saved": {"type": "boolean"}, "saved_at": {"type": "string", "format": "date-time"}}}}}})},
    {"SearchSaved", TRIPSAGE_JSON({
        "type": "object", "required": ["id", "message"],
        "properties": {"id": {"type": "string", "format": "uuid"}, "message": {"type": "string"}}})},
    {"SearchAnalytics", TRIPSAGE_JSON({
        "type": "object", "required": ["date", "total_searches", "cache_hits", "cache_misses", "cache_hit_rate", "popular_queries"],
        "properties": {"date": {"type": "string", "format": "date"}, "total_searches": {"type": "integer"}, "cache_hits": {"type": "integer"},
            "cache_misses": {"type": "integer"}, "cache_hit_rate": {"type": "number", "minimum": 0, "maximum": 1},
            "popular_queries": {"type": "array", "maxItems": 10, "items": {"type": "object", "required": ["query", "count"],
                "properties": {"query": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}}}}})},
    {"Completions", TRIPSAGE_JSON({
        "type": "object", "required": ["items"],
        "properties": {"items": {"type": "array", "items": {"type": "object", "required": ["id", "name", "country"]}}}})},
    {"Destination", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "name", "country", "country_code", "continent", "coordinates", "timezone", "currency", "tags", "best_months",
            "daily_cost", "description"],
        "properties": {
            "id": {"type": "string"}, "name": {"type": "string"}, "country": {"type": "string"}, "country_code": {"type": "string"},
            "continent": {"type": "string"}, "timezone": {"type": "string"}, "currency": {"type": "string"},
            "coordinates": {"type": "object", "required": ["latitude", "longitude"]},
            "tags": {"type": "array", "items": {"type": "string"}}, "best_months": {"type": "array", "items": {"type": "integer"}},
            "daily_cost": {"type": "object", "required": ["amount", "currency"]}, "description": {"type": "string"},
            "score": {"type": "number"}, "distance_km": {"type": "number"}, "matched": {"type": "array", "items": {"enum": ["text", "meaning"]}}
        }})},
    {"DestinationQuery", TRIPSAGE_JSON({
        "type": "object",
        "properties": {
            "query": {"type": ["string", "null"]}, "limit": {"type": "integer", "minimum": 1, "maximum": 50},
            "continent": {"type": ["string", "null"]}, "country_code": {"type": ["string", "null"]},
            "tags": {"type": ["array", "null"], "items": {"type": "string"}}, "categories": {"type": ["array", "null"], "items": {"type": "string"}},
            "travel_month": {"type": ["integer", "null"], "minimum": 1, "maximum": 12}, "max_daily_cost": {"type": ["integer", "null"]},
            "latitude": {"type": ["number", "null"], "minimum": -90, "maximum": 90}, "longitude": {"type": ["number", "null"], "minimum": -180, "maximum": 180},
            "radius_km": {"type": ["number", "null"], "minimum": 1, "maximum": 20038}
        }})},
    {"DestinationSearch", TRIPSAGE_JSON({
        "type": "object", "required": ["items", "total_results", "method"],
        "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Destination"}},
            "total_results": {"type": "integer"}, "did_you_mean": {"type": "string"}, "method": {"enum": ["hybrid", "filter"]}}})},
    {"RecommendationQuery", TRIPSAGE_JSON({
        "type": "object",
        "properties": {
            "user_interests": {"type": ["array", "null"], "maxItems": 32, "items": {"type": "string"}},
            "travel_style": {"type": ["string", "null"]}, "trip_duration_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 365},
            "travel_month": {"type": ["integer", "null"], "minimum": 1, "maximum": 12}, "budget_max": {"type": ["integer", "null"]},
            "limit": {"type": "integer", "minimum": 1, "maximum": 20}
        }})},
    {"Suggestions", TRIPSAGE_JSON({
        "type": "object", "required": ["items"],
        "properties": {"items": {"type": "array", "items": {"type": "object",
            "required": ["id", "title", "destination", "country", "description", "estimated_price", "currency", "duration", "category",
                "best_time_to_visit", "highlights", "seasonal", "relevance_score", "reasons"]}}}})},
    {"SavedDestinationInput", TRIPSAGE_JSON({
        "type": "object", "required": ["destination_id"],
        "properties": {
            "destination_id": {"type": "string"}, "trip_id": {"type": ["string", "null"]}, "notes": {"type": ["string", "null"], "maxLength": 2000},
            "priority": {"type": ["integer", "null"], "minimum": 1, "maximum": 5},
            "planned_visit_date": {"type": ["string", "null"], "format": "date"},
            "duration_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 365}
        }})},
    {"SavedDestination", TRIPSAGE_JSON({
        "type": "object", "required": ["id", "user_id", "destination", "priority", "saved_at"],
        "properties": {"id": {"type": "string"}, "user_id": {"type": "string"}, "destination": {"$ref": "#/components/schemas/Destination"},
            "priority": {"type": "integer"}, "saved_at": {"type": "string", "format": "date-time"}}})},
    {"SavedDestinations", TRIPSAGE_JSON({
        "type": "object", "required": ["items", "total"],
        "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/SavedDestination"}}, "total": {"type": "integer"}}})},
    {"Registration", TRIPSAGE_JSON({
        "type": "object", "required": ["email", "password"],
        "properties": {
            "email": {"type": "string", "format": "email"}, "password": {"type": "string"}, "full_name": {"type": ["string", "null"]},
            "data": {"type": ["object", "null"]}, "username": {"type": "string"}, "password_confirm": {"type": "string"}
        }})},
    {"Credentials", TRIPSAGE_JSON({
        "type": "object", "required": ["email", "password"], "properties": {"email": {"type": "string"}, "password": {"type": "string"}}})},
    {"User", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "aud", "role", "email", "full_name", "phone", "app_metadata", "user_metadata", "identities", "created_at",
            "updated_at", "is_anonymous"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "aud": {"const": "authenticated"}, "role": {"type": "string"},
            "email": {"type": "string"}, "full_name": {"type": ["string", "null"]}, "phone": {"type": "string"},
            "email_confirmed_at": {"type": "string", "format": "date-time"}, "confirmed_at": {"type": "string", "format": "date-time"},
            "last_sign_in_at": {"type": "string", "format": "date-time"},
            "factors": {"type": "array", "items": {"type": "object"}},
            "app_metadata": {"type": "object"}, "user_metadata": {"type": "object"},
            "identities": {"type": "array", "items": {"type": "object"}},
            "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
            "is_anonymous": {"type": "boolean"}
        }})},
    {"UserPatch", TRIPSAGE_JSON({
        "type": "object",
        "properties": {"full_name": {"type": ["string", "null"]}, "password": {"type": "string"}, "data": {"type": "object"}}})},
    {"Session", TRIPSAGE_JSON({
        "type": "object", "required": ["access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"],
        "properties": {"access_token": {"type": "string"}, "token_type": {"const": "bearer"}, "expires_in": {"type": "integer"},
            "expires_at": {"type": "integer"}, "refresh_token": {"type": "string"}, "user": {"$ref": "#/components/schemas/User"}}})},
    {"Sessions", TRIPSAGE_JSON({
        "type": "object", "required": ["sessions"],
        "properties": {"sessions": {"type": "array", "items": {
            "type": "object", "required": ["id", "created_at", "refreshed_at", "aal", "amr", "user_agent", "ip", "current"],
            "properties": {"id": {"type": "string", "format": "uuid"}, "created_at": {"type": "string", "format": "date-time"},
                "refreshed_at": {"type": "string", "format": "date-time"}, "not_after": {"type": "string", "format": "date-time"},
                "aal": {"enum": ["aal1", "aal2"]},
                "amr": {"type": "array", "items": {"type": "object", "required": ["method", "timestamp"],
                    "properties": {"method": {"type": "string"}, "timestamp": {"type": "integer"}}}},
                "user_agent": {"type": ["string", "null"]}, "ip": {"type": ["string", "null"]}, "current": {"type": "boolean"}}}}}})},
    {"SecretInput", TRIPSAGE_JSON({
        "type": "object", "required": ["value"],
        "properties": {"value": {"type": "string", "minLength": 1, "description": "at most 8,192 bytes; kept encrypted and given to nobody over HTTP"}}})},
    {"Secrets", TRIPSAGE_JSON({
        "type": "object", "required": ["items"],
        "properties": {"items": {"type": "array", "items": {
            "type": "object", "required": ["name", "hint", "created_at", "updated_at"],
            "properties": {"name": {"type": "string"},
                "hint": {"type": "string", "maxLength": 4, "description": "the last four characters of a secret of 16 or more"},
                "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}}}}})},
    {"AuditList", TRIPSAGE_JSON({
        "type": "object", "required": ["items", "limit", "next_cursor"],
        "properties": {"limit": {"type": "integer"}, "next_cursor": {"type": ["string", "null"]},
            "items": {"type": "array", "items": {
                "type": "object", "required": ["seq", "at", "action", "actor", "subject", "address", "detail", "hash"],
                "properties": {"seq": {"type": "integer", "minimum": 1}, "at": {"type": "string", "format": "date-time"},
                    "action": {"type": "string"}, "actor": {"type": "string", "description": "a user's id, service_role, or nobody"},
                    "subject": {"type": "string"}, "address": {"type": "string"}, "detail": {"type": ["object", "string"]},
                    "hash": {"type": "string"}}}}}})},
    {"AuditVerification", TRIPSAGE_JSON({
        "type": "object", "required": ["ok", "count", "anchor", "broken"],
        "properties": {"ok": {"type": "boolean"}, "count": {"type": "integer"}, "anchor": {"type": "string"},
            "broken": {"type": ["object", "null"], "required": ["seq", "problem"],
                "properties": {"seq": {"type": "integer"}, "problem": {"type": "string"}}}}})},
    {"Refresh", TRIPSAGE_JSON({
        "type": "object", "required": ["refresh_token"], "properties": {"refresh_token": {"type": "string"}}})},
    {"Preferences", TRIPSAGE_JSON({
        "type": "object", "required": ["preferences"], "properties": {"preferences": {"type": "object"}}})},
    {"Message", TRIPSAGE_JSON({
        "type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}})},
    {"Conversation", TRIPSAGE_JSON({
        "type": "object", "required": ["messages"],
        "additionalProperties": false,
        "properties": {
            "messages": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "object", "required": ["role", "content"],
                "properties": {"role": {"enum": ["user", "assistant", "system", "tool"]}, "content": {"type": "string", "maxLength": 32768}}}},
            "session_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 128},
            "context_type": {"type": ["string", "null"], "minLength": 1, "maxLength": 64, "description": "travel_planning without one"}
        }})},
    {"Remembered", TRIPSAGE_JSON({
        "type": "object", "required": ["results", "usage"],
        "properties": {
            "results": {"type": "array", "items": {"type": "object", "required": ["id", "memory", "event", "categories"],
                "properties": {"id": {"type": "string", "format": "uuid"}, "memory": {"type": "string"},
                    "event": {"enum": ["ADD", "NONE"], "description": "NONE: it was known"},
                    "categories": {"type": "array", "items": {"type": "string"}}}}},
            "usage": {"type": "object", "required": ["messages", "statements", "added", "forgotten"],
                "additionalProperties": {"type": "integer", "minimum": 0}}
        }})},
    {"Memory", TRIPSAGE_JSON({
        "type": "object",
        "required": ["id", "memory", "memory_type", "categories", "metadata", "version", "created_at", "updated_at", "user_id"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "memory": {"type": "string"},
            "memory_type": {"enum": ["user_preference", "trip_history", "search_pattern", "conversation_context", "other"]},
            "categories": {"type": "array", "items": {"type": "string"}}, "metadata": {"type": "object"},
            "version": {"type": "integer", "minimum": 1, "description": "how often it was said"},
            "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
            "user_id": {"type": "string", "format": "uuid"}, "score": {"type": "number"},
            "similarity": {"type": ["number", "null"], "minimum": -1, "maximum": 1, "description": "null: found by its words alone"},
            "matched": {"type": "array", "items": {"enum": ["text", "meaning"]}}
        }})},
    {"MemoryQuery", TRIPSAGE_JSON({
        "type": "object", "required": ["query"],
        "additionalProperties": false,
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 1000},
            "limit": {"type": ["integer", "null"], "minimum": 1, "maximum": 100},
            "similarity_threshold": {"type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "given: by meaning alone"},
            "filters": {"type": ["object", "null"], "additionalProperties": false, "properties": {
                "memory_type": {"enum": ["user_preference", "trip_history", "search_pattern", "conversation_context", "other", null]},
                "source": {"enum": ["conversation", "preference", null]}, "session_id": {"type": ["string", "null"]},
                "context_type": {"type": ["string", "null"]}, "key": {"type": ["string", "null"]},
                "has_location": {"type": ["boolean", "null"]}, "has_budget": {"type": ["boolean", "null"]},
                "has_accommodation": {"type": ["boolean", "null"]},
                "categories": {"type": ["array", "null"], "maxItems": 8, "items": {"type": "string"}}}}
        }})},
    {"MemorySearch", TRIPSAGE_JSON({
        "type": "object", "required": ["results", "query", "total"],
        "properties": {"results": {"type": "array", "items": {"$ref": "#/components/schemas/Memory"}}, "query": {"type": "string"},
            "total": {"type": "integer", "minimum": 0}}})},
    {"MemoryPreferences", TRIPSAGE_JSON({
        "type": "object", "required": ["preferences", "total"],
        "properties": {"preferences": {"type": "object"}, "total": {"type": "integer", "minimum": 0}}})},
    {"MemoryEntries", TRIPSAGE_JSON({
        "type": "array", "maxItems": 50, "items": {"type": "object", "required": ["id", "memory", "source", "created_at"],
            "properties": {"id": {"type": "string"}, "memory": {"type": "string"},
                "source": {"enum": ["conversation", "preference", "trip", "saved_destination"]},
                "created_at": {"type": "string", "format": "date-time"}}}})},
    {"Mentions", TRIPSAGE_JSON({
        "type": "array", "maxItems": 10, "items": {"type": "object", "required": ["name", "mentions"],
            "properties": {"name": {"type": "string"}, "mentions": {"type": "integer", "minimum": 1}}}})},
    {"MemoryContext", TRIPSAGE_JSON({
        "type": "object",
        "required": ["preferences", "past_trips", "saved_destinations", "budget_patterns", "travel_style", "dietary_restrictions",
            "accommodation_preferences", "activity_preferences", "insights", "summary"],
        "properties": {
            "preferences": {"$ref": "#/components/schemas/MemoryEntries"}, "past_trips": {"$ref": "#/components/schemas/MemoryEntries"},
            "saved_destinations": {"$ref": "#/components/schemas/MemoryEntries"}, "budget_patterns": {"$ref": "#/components/schemas/MemoryEntries"},
            "travel_style": {"$ref": "#/components/schemas/MemoryEntries"}, "dietary_restrictions": {"$ref": "#/components/schemas/MemoryEntries"},
            "accommodation_preferences": {"$ref": "#/components/schemas/MemoryEntries"},
            "activity_preferences": {"$ref": "#/components/schemas/MemoryEntries"},
            "insights": {"type": "object", "required": ["countries", "activities", "styles", "budget", "trips", "frequency"],
                "properties": {"countries": {"$ref": "#/components/schemas/Mentions"}, "activities": {"$ref": "#/components/schemas/Mentions"},
                    "styles": {"$ref": "#/components/schemas/Mentions"}, "trips": {"type": "integer", "minimum": 0},
                    "budget": {"type": "array", "items": {"type": "object", "required": ["currency", "average", "maximum", "minimum", "mentions"],
                        "description": "minor units"}},
                    "frequency": {"enum": ["New", "Occasional", "Regular"]}}},
            "summary": {"type": "string"}
        }})},
    {"MemoryStats", TRIPSAGE_JSON({
        "type": "object", "required": ["total_memories", "by_type", "by_category", "preferences", "limit"],
        "properties": {"total_memories": {"type": "integer", "minimum": 0}, "by_type": {"type": "object", "additionalProperties": {"type": "integer"}},
            "by_category": {"type": "object", "additionalProperties": {"type": "integer"}}, "preferences": {"type": "integer"},
            "first_memory_at": {"type": "string", "format": "date-time"}, "last_memory_at": {"type": "string", "format": "date-time"},
            "limit": {"type": "integer"}}})},
    {"MemoryCleared", TRIPSAGE_JSON({
        "type": "object", "required": ["deleted"], "properties": {"deleted": {"type": "integer", "minimum": 0}}})},
    {"Component", TRIPSAGE_JSON({
        "type": "object", "required": ["name", "status", "details"],
        "properties": {"name": {"type": "string"}, "status": {"enum": ["healthy", "unhealthy"]}, "latency_ms": {"type": "number"},
            "message": {"type": ["string", "null"]}, "details": {"type": "object"}}})},
    {"Health", TRIPSAGE_JSON({
        "type": "object", "required": ["status", "timestamp", "version", "environment", "components"],
        "properties": {"status": {"enum": ["healthy", "degraded", "unhealthy"]}, "timestamp": {"type": "string", "format": "date-time"},
            "version": {"type": "string"}, "environment": {"type": "string"},
            "components": {"type": "array", "items": {"$ref": "#/components/schemas/Component"}}}})},
    {"Limits", TRIPSAGE_JSON({
        "type": "object", "required": ["enabled", "storage", "trusted_proxies", "exempt_networks", "rules", "counts"],
        "properties": {"enabled": {"type": "boolean"}, "storage": {"enum": ["memory", "redis", "upstash"]},
            "trusted_proxies": {"type": "integer"}, "exempt_networks": {"type": "integer"},
            "rules": {"type": "array", "items": {"type": "object", "required": ["name", "limits", "when_away", "shadow", "routes"],
                "properties": {"name": {"type": "string"}, "when_away": {"enum": ["local", "open", "closed"]}, "shadow": {"type": "boolean"},
                    "routes": {"type": "array", "items": {"type": "string"}},
                    "limits": {"type": "array", "items": {"type": "object", "required": ["name", "quota", "window_seconds", "burst"],
                        "properties": {"name": {"type": "string"}, "quota": {"type": "integer"}, "window_seconds": {"type": "integer"},
                            "burst": {"type": "integer"}}}}}}},
            "counts": {"type": "object"}}})},
    {"Liveness", TRIPSAGE_JSON({
        "type": "object", "required": ["status", "timestamp"],
        "properties": {"status": {"const": "alive"}, "timestamp": {"type": "string", "format": "date-time"}}})},
    {"Readiness", TRIPSAGE_JSON({
        "type": "object", "required": ["ready", "timestamp", "checks", "details"],
        "properties": {"ready": {"type": "boolean"}, "timestamp": {"type": "string", "format": "date-time"},
            "checks": {"type": "object", "additionalProperties": {"type": "boolean"}}, "details": {"type": "object"}}})},
};
/* clang-format on */

const schema *schemas_all(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}
