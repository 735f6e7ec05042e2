/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/arcly/gstarclyprelude.h>
#include <gst/arcly/gstarclyerror.h>
#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/engine/gstarclyengine.h>
#include <gst/arcly/http/gstarclyhttporigin.h>
#include <gst/arcly/http/gstarclyhttpserver.h>
